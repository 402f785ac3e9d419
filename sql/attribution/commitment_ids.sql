-- Every commitment whose fee or unused part is on the bill, by the id its owner is looked up with.
-- grain:  commitment_id
-- params: none
SELECT DISTINCT coalesce(nullif(CommitmentDiscountId, ''), ResourceId) AS commitment_id
FROM charge_meanings
WHERE rule_bucket = 'commitment' AND coalesce(nullif(CommitmentDiscountId, ''), ResourceId, '') <> ''
