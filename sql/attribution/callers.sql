-- Every principal and credential that a charge of the month names.
-- grain:  caller
-- params: none
SELECT DISTINCT x_PrincipalId AS caller FROM charges WHERE x_PrincipalId <> ''
UNION
SELECT DISTINCT x_CredentialId FROM charges WHERE x_CredentialId <> ''
