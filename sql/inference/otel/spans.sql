-- Lines of OTLP traces as their spans by resource and scope. Of the attributes only those that are
-- counted by keep their text: messages, tool definitions and system instructions stay where they are.
-- (Lists keep their length: filtering them costs five times as much as the rest.)
-- grain:  line
-- params: none; view log_lines
SELECT
    file_no,
    line,
    file,
    struct_pack(
        resources := list_transform(
            r.resourceSpans,
            lambda resource_spans: struct_pack(
                keys := list_transform(
                    resource_spans.resource.attributes, lambda attribute: attribute.key
                ),
                texts := list_transform(
                    resource_spans.resource.attributes,
                    lambda attribute: CASE
                        WHEN
                            attribute.key IN (
                                'service.name',
                                'tenant.id',
                                'k8s.namespace.name',
                                'k8s.pod.name',
                                'host.id'
                            )
                            THEN attribute.value.stringValue
                    END
                )
            )
        ),
        scopes := list_transform(
            r.resourceSpans,
            lambda resource_spans: list_transform(
                CASE
                    WHEN len(resource_spans.scopeSpans) > 0 THEN resource_spans.scopeSpans
                    ELSE resource_spans.instrumentationLibrarySpans
                END,
                lambda scope_spans: list_transform(
                    scope_spans.spans,
                    lambda span: struct_pack(
                        trace_id := span.traceId,
                        span_id := span.spanId,
                        kind := span.kind,
                        began := span.startTimeUnixNano,
                        status := span.status.code,
                        keys := list_transform(span.attributes, lambda attribute: attribute.key),
                        texts := list_transform(
                            span.attributes,
                            lambda attribute: CASE
                                WHEN
                                    attribute.key IN (
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
                                    THEN coalesce(
                                        attribute.value.stringValue,
                                        attribute.value.intValue,
                                        attribute.value.doubleValue
                                    )
                            END
                        )
                    )
                )
            )
        )
    ) AS r,
    wrong
FROM log_lines
