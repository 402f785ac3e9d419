-- The lines of JSON files as text fields; strict: a line that is no JSON object stops the query.
-- grain:  line, in the order of the files
-- params: $files list of paths
SELECT *
FROM read_json(
    $files,
    format = 'newline_delimited',
    filename = true,
    maximum_object_size = 16777216,
    columns = {
        started_at: 'VARCHAR',
        ended_at: 'VARCHAR',
        grain: 'VARCHAR',
        model: 'VARCHAR',
        model_ref: 'VARCHAR',
        model_version: 'VARCHAR',
        resource_id: 'VARCHAR',
        provider: 'VARCHAR',
        account_id: 'VARCHAR',
        region: 'VARCHAR',
        request_id: 'VARCHAR',
        response_id: 'VARCHAR',
        trace_id: 'VARCHAR',
        attempt: 'VARCHAR',
        operation: 'VARCHAR',
        tenant: 'VARCHAR',
        use_case: 'VARCHAR',
        service_tier: 'VARCHAR',
        is_batch: 'VARCHAR',
        status: 'VARCHAR',
        requests: 'VARCHAR',
        input_tokens: 'VARCHAR',
        input_tokens_cache_read: 'VARCHAR',
        input_tokens_cache_write: 'VARCHAR',
        output_tokens: 'VARCHAR',
        output_tokens_reasoning: 'VARCHAR',
        images: 'VARCHAR',
        gpu_ms: 'VARCHAR',
        gpu_held_ms: 'VARCHAR',
        vcpu_ms: 'VARCHAR',
        memory_gib_ms: 'VARCHAR',
        reported_cost: 'VARCHAR',
        reported_currency: 'VARCHAR',
        gateway_cache_hit: 'VARCHAR',
        sample_rate: 'VARCHAR'
    }
)
