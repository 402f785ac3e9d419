-- What to say of each currency of Alibaba Cloud's bill: subscription orders, and lines whose
-- discounts do not lead from the gross amount to the pretax amount.
-- grain:  currency
-- params: none
SELECT
    currency,
    count(*) FILTER (WHERE item_kind = 'SubscriptionOrder') AS orders,
    coalesce(sum(amount(pretax_amount)) FILTER (WHERE item_kind = 'SubscriptionOrder'), 0)
        AS ordered,
    count(*) FILTER (WHERE difference <> 0) AS disagreeing,
    coalesce(sum(difference), 0) AS difference
FROM (
    SELECT
        *,
        amount(gross_amount)
        - amount(invoice_discount)
        - coalesce(amount(coupon_discount), 0)
        - coalesce(amount(round_down), 0)
        - amount(pretax_amount) AS difference
    FROM bill_lines
)
GROUP BY currency
ORDER BY currency
