-- The distinct kinds of bill line of the month: what rules look at. Thousands, whatever the bill's size.
-- grain:  provider, service, usage_type, operation, line_item, category, instance_type, product_family,
--         service_name, service_category, commitment_status, commitment_type
-- params: none
SELECT DISTINCT
    coalesce(ServiceProviderName, '') AS provider,
    coalesce(x_ServiceCode, ServiceName, '') AS service,
    coalesce(x_UsageType, SkuMeter, '') AS usage_type,
    coalesce(x_Operation, '') AS operation,
    coalesce(x_LineItemType, '') AS line_item,
    coalesce(ChargeCategory, '') AS category,
    coalesce(x_InstanceType, '') AS instance_type,
    coalesce(x_ProductFamily, '') AS product_family,
    coalesce(ServiceName, '') AS service_name,
    coalesce(ServiceCategory, '') AS service_category,
    coalesce(CommitmentDiscountStatus, '') AS commitment_status,
    CASE
        WHEN CommitmentDiscountId <> ''
            THEN coalesce(CommitmentDiscountType, CommitmentDiscountCategory, 'Commitment')
        ELSE ''
    END AS commitment_type
FROM charges
ORDER BY ALL
