-- The ledger by bucket beside the export's own totals, for every invoice, currency and basis.
-- grain:  source x payer x invoice x issuer x currency x basis
-- params: $month text, $allocated_files list, $totals_files list
WITH ledger AS (
    SELECT source, BillingAccountId, InvoiceId, InvoiceIssuerName, BillingCurrency, bucket,
        unnest([
            {'basis': 'BilledCost', 'cost': sum(BilledCost)},
            {'basis': 'EffectiveCost', 'cost': sum(EffectiveCost)},
            {'basis': 'ContractedCost', 'cost': sum(ContractedCost)},
            {'basis': 'ListCost', 'cost': sum(ListCost)}
        ], recursive := true)
    FROM read_parquet($allocated_files, hive_partitioning = false, union_by_name = true)
    GROUP BY source, BillingAccountId, InvoiceId, InvoiceIssuerName, BillingCurrency, bucket
),
attributed AS (
    SELECT
        source,
        coalesce(BillingAccountId, '') AS BillingAccountId,
        coalesce(InvoiceId, '') AS InvoiceId,
        InvoiceIssuerName,
        BillingCurrency,
        basis,
        -- only what is in a bucket counts: a row in none shows as a difference
        coalesce(sum(cost) FILTER (WHERE bucket IN (
            'model_version', 'model', 'shared_pool', 'idle', 'commitment', 'overhead', 'unattributed', 'not_ai'
        )), 0) AS attributed_total,
        coalesce(sum(cost) FILTER (WHERE bucket = 'model_version'), 0) AS model_version,
        coalesce(sum(cost) FILTER (WHERE bucket = 'model'), 0) AS model,
        coalesce(sum(cost) FILTER (WHERE bucket = 'shared_pool'), 0) AS shared_pool,
        coalesce(sum(cost) FILTER (WHERE bucket = 'idle'), 0) AS idle,
        coalesce(sum(cost) FILTER (WHERE bucket = 'commitment'), 0) AS commitment,
        coalesce(sum(cost) FILTER (WHERE bucket = 'overhead'), 0) AS overhead,
        coalesce(sum(cost) FILTER (WHERE bucket = 'unattributed'), 0) AS unattributed,
        coalesce(sum(cost) FILTER (WHERE bucket = 'not_ai'), 0) AS not_ai
    FROM ledger
    GROUP BY ALL
),
exported AS (
    SELECT source, coalesce(BillingAccountId, '') AS BillingAccountId, coalesce(InvoiceId, '') AS InvoiceId,
        InvoiceIssuerName, BillingCurrency, basis,
        sum(export_total) AS export_total, sum(rounding) AS rounding
    FROM read_parquet($totals_files, hive_partitioning = false, union_by_name = true)
    GROUP BY ALL
)
SELECT
    $month AS billing_month,
    coalesce(e.source, a.source) AS source,
    coalesce(e.BillingAccountId, a.BillingAccountId) AS BillingAccountId,
    coalesce(e.InvoiceId, a.InvoiceId) AS InvoiceId,
    coalesce(e.InvoiceIssuerName, a.InvoiceIssuerName) AS InvoiceIssuerName,
    coalesce(e.BillingCurrency, a.BillingCurrency) AS BillingCurrency,
    coalesce(e.basis, a.basis) AS basis,
    coalesce(e.export_total, 0) AS export_total,
    coalesce(a.model_version, 0) AS model_version,
    coalesce(a.model, 0) AS model,
    coalesce(a.shared_pool, 0) AS shared_pool,
    coalesce(a.idle, 0) AS idle,
    coalesce(a.commitment, 0) AS commitment,
    coalesce(a.overhead, 0) AS overhead,
    coalesce(a.unattributed, 0) AS unattributed,
    coalesce(a.not_ai, 0) AS not_ai,
    coalesce(a.attributed_total, 0) AS attributed_total,
    coalesce(a.attributed_total, 0) - coalesce(e.export_total, 0) AS difference,
    coalesce(e.rounding, 0) AS rounding
FROM exported AS e
FULL JOIN attributed AS a
    ON a.source = e.source AND a.BillingAccountId = e.BillingAccountId AND a.InvoiceId = e.InvoiceId
    AND a.InvoiceIssuerName = e.InvoiceIssuerName AND a.BillingCurrency = e.BillingCurrency
    AND a.basis = e.basis
ORDER BY ALL
