-- Records with what their tokens cost by the price in force when they started; NULL where the books
-- have no such model, tier or class of tokens: nothing is priced by a guess.
-- grain:  path, row, hour_no
-- params: none; table logged_prices, macro token_cost
SELECT
    records.*,
    CASE
        WHEN prices.currency IS NOT NULL AND NOT records.gateway_cache_hit THEN (
            token_cost(
                records.input_tokens - coalesce(records.input_tokens_cache_read, 0)
                - coalesce(records.input_tokens_cache_write, 0),
                prices.input
            )
            + token_cost(records.input_tokens_cache_read, prices.input_cache_read)
            + token_cost(records.input_tokens_cache_write, prices.input_cache_write)
            + token_cost(
                records.output_tokens - coalesce(records.output_tokens_reasoning, 0), prices.output
            )
            + token_cost(
                records.output_tokens_reasoning, coalesce(prices.output_reasoning, prices.output)
            )
        )::DECIMAL(38, 18)
    END AS list_cost,
    prices.currency AS list_currency
FROM unpriced_records AS records
LEFT JOIN logged_prices AS prices
    ON records.provider = prices.logged_provider
    AND records.model = prices.logged_model
    AND coalesce(records.model_version, '') = prices.logged_version
    AND coalesce(records.service_tier, '') = prices.logged_tier
    AND coalesce(records.is_batch, false) = prices.is_batch
    AND records.started_at >= prices.valid_from AND records.started_at < prices.valid_until
    AND coalesce(records.input_tokens, 0) > prices.above_input_tokens - (prices.above_input_tokens = 0)::BIGINT
    AND coalesce(records.input_tokens, 0) <= prices.up_to_input_tokens
    AND (records.input_tokens IS NOT NULL OR records.output_tokens IS NOT NULL)
