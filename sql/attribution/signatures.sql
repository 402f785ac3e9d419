-- The distinct kinds of bill line of the month: what rules look at. Thousands, whatever the bill's size.
-- grain:  provider, service, usage_type, operation, line_item, category, instance_type, product_family,
--         service_name
-- params: none
SELECT DISTINCT
    coalesce(ServiceProviderName, '') AS provider,
    coalesce(x_ServiceCode, ServiceName, '') AS service,
    coalesce(x_UsageType, '') AS usage_type,
    coalesce(x_Operation, '') AS operation,
    coalesce(x_LineItemType, '') AS line_item,
    coalesce(ChargeCategory, '') AS category,
    coalesce(x_InstanceType, '') AS instance_type,
    coalesce(x_ProductFamily, '') AS product_family,
    coalesce(ServiceName, '') AS service_name
FROM charges
ORDER BY ALL
