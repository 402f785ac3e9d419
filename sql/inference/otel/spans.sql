-- Lines of OTLP traces as their spans, each with its resource; of the attributes only those that
-- are counted by: messages, tool definitions and system instructions stay where they are.
-- grain:  line
-- params: none; view log_lines
SELECT
    file_no,
    line,
    file,
    struct_pack(
        spans := flatten(
            list_transform(
                coalesce(r.resourceSpans, []),
                lambda resource_spans: list_transform(
                    flatten(
                        list_transform(
                            list_concat(
                                coalesce(resource_spans.scopeSpans, []),
                                coalesce(resource_spans.instrumentationLibrarySpans, [])
                            ),
                            lambda scope_spans: coalesce(scope_spans.spans, [])
                        )
                    ),
                    lambda span: struct_pack(
                        trace_id := span.traceId,
                        span_id := span.spanId,
                        kind := span.kind,
                        began := span.startTimeUnixNano,
                        status := span.status.code,
                        attributes := list_transform(
                            list_filter(
                                coalesce(span.attributes, []),
                                lambda attribute: attribute.key IN (
                                    'gen_ai.operation.name',
                                    'gen_ai.provider.name',
                                    'gen_ai.system',
                                    'gen_ai.request.model',
                                    'gen_ai.response.model',
                                    'gen_ai.response.id',
                                    'gen_ai.request.id',
                                    'gen_ai.usage.input_tokens',
                                    'gen_ai.usage.prompt_tokens',
                                    'gen_ai.usage.output_tokens',
                                    'gen_ai.usage.completion_tokens',
                                    'gen_ai.usage.cache_read.input_tokens',
                                    'gen_ai.usage.cache_read_input_tokens',
                                    'gen_ai.usage.cache_write.input_tokens',
                                    'gen_ai.usage.cache_creation.input_tokens',
                                    'gen_ai.usage.cache_creation_input_tokens',
                                    'gen_ai.usage.reasoning.output_tokens',
                                    'gen_ai.usage.reasoning_tokens',
                                    'gen_ai.agent.name',
                                    'gen_ai.tool.name',
                                    'gen_ai.workflow.name',
                                    'traceloop.span.kind',
                                    'openai.response.service_tier',
                                    'gen_ai.openai.response.service_tier',
                                    'aws.request_id',
                                    'server.address',
                                    'error.type',
                                    'tenant.id',
                                    'use_case'
                                )
                            ),
                            lambda attribute: struct_pack(
                                key := attribute.key,
                                text := coalesce(
                                    attribute.value.stringValue,
                                    attribute.value.intValue,
                                    attribute.value.doubleValue
                                )
                            )
                        ),
                        resource := list_transform(
                            list_filter(
                                coalesce(resource_spans.resource.attributes, []),
                                lambda attribute: attribute.key IN (
                                    'service.name',
                                    'tenant.id',
                                    'k8s.namespace.name',
                                    'k8s.pod.name',
                                    'host.id'
                                )
                            ),
                            lambda attribute: struct_pack(
                                key := attribute.key, text := attribute.value.stringValue
                            )
                        )
                    )
                )
            )
        )
    ) AS r,
    wrong
FROM log_lines
