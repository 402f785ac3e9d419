"""Big logs in the forms vendors write them: one function a format, `write_<format>(path, n)`.

`path` is a folder below which the files lie as the vendor lays them out, `n` how many lines (for
usage pages: results) they hold together. Prompts and answers are there too: a log is not written
for us. Lines are the same in every run.
"""

from pathlib import Path

import duckdb

LINES_PER_FILE = 250_000

_BODY = "repeat('What did the customer of order ' || i || ' ask for? ', 6)"
_AT = "make_timestamp(1788220800000000 + (i::HUGEINT * 2592000000000 // $n)::BIGINT)"
_TIME = f"strftime({_AT}, '%Y-%m-%dT%H:%M:%SZ')"
_ID = "md5(i::VARCHAR)"


def _write(
    folder: Path, name: str, n: int, record: str, *, per_file: int = LINES_PER_FILE, gz: bool
) -> None:
    """Write `record`, a struct of `i` and `$n`, as JSON lines; `name` has the file's number."""
    record = record.replace("$n", str(n))
    with duckdb.connect() as con:
        for number, first in enumerate(range(0, n, per_file)):
            path = folder / name.format(number=number, day=1 + first * 30 // n)
            path.parent.mkdir(parents=True, exist_ok=True)
            con.execute(
                f"COPY (SELECT unnest({record}) FROM range($first, $last) AS r(i)) "
                f"TO '{path}' (FORMAT json, COMPRESSION {'gzip' if gz else 'none'})",
                {"first": first, "last": min(first + per_file, n)},
            )


def write_bedrock(path: Path, n: int) -> None:
    """Bedrock's invocation log in gzip: five models, a tenth of the calls with a cached prompt."""
    _write(
        path,
        "AWSLogs/111122223333/BedrockModelInvocationLogs/us-east-1/2026/09/{day:02}/00/"
        "{number:06}.json.gz",
        n,
        f"""{{
            schemaType: 'ModelInvocationLog', schemaVersion: '1.0', timestamp: {_TIME},
            accountId: '111122223333', region: 'us-east-1', requestId: {_ID},
            identity: {{arn: 'arn:aws:sts::111122223333:assumed-role/search/i-' || i % 97}},
            operation: 'Converse', modelId: 'us.anthropic.claude-' || i % 5 || '-v1:0',
            input: {{
                inputContentType: 'application/json',
                inputBodyJson: {{messages: [{{role: 'user', content: {_BODY}}}]}},
                inputTokenCount: 30 + i % 900, cacheReadInputTokenCount: i % 10 // 9 * 1024,
                cacheWriteInputTokenCount: 0
            }},
            output: {{
                outputContentType: 'application/json',
                outputBodyJson: {{output: {_BODY}, metrics: {{latencyMs: 900 + i % 4000}}}},
                outputTokenCount: 10 + i % 400
            }},
            requestMetadata: {{traceId: {_ID}, tenant: 'shop-' || i % 9}}
        }}""",
        gz=True,
    )


def write_bedrock_batch(path: Path, n: int) -> None:
    """Bedrock's batch outputs: jobs of a dated folder each."""
    _write(
        path,
        "2026/09/{day:02}/job{number:06}/records.jsonl.out",
        n,
        f"""{{
            recordId: i::VARCHAR, modelInput: {{prompt: {_BODY}}},
            modelOutput: {{
                id: {_ID}, model: 'claude-3-haiku-20240307', content: {_BODY},
                usage: {{input_tokens: 30 + i % 900, output_tokens: 10 + i % 400}}
            }}
        }}""",
        gz=False,
    )


def write_sagemaker_capture(path: Path, n: int) -> None:
    """SageMaker data capture: one in two answers in BASE64."""
    answer = f"""json_object('id', {_ID}, 'text', {_BODY}, 'usage', json_object(
        'prompt_tokens', 30 + i % 900, 'completion_tokens', 10 + i % 400))::VARCHAR"""
    _write(
        path,
        "rank/blue/2026/09/{day:02}/00/{number:06}.jsonl",
        n,
        f"""{{
            captureData: {{
                endpointInput: {{mode: 'INPUT', data: {_BODY}, encoding: 'JSON'}},
                endpointOutput: {{
                    mode: 'OUTPUT', encoding: CASE WHEN i % 2 = 0 THEN 'JSON' ELSE 'BASE64' END,
                    data: CASE WHEN i % 2 = 0 THEN {answer} ELSE to_base64(encode({answer})) END
                }}
            }},
            eventMetadata: {{eventId: {_ID}, inferenceTime: {_TIME}}}, eventVersion: '0'
        }}""",
        gz=False,
    )


def write_azure_openai(path: Path, n: int) -> None:
    """Azure OpenAI's diagnostic log: one in twenty records calls no model."""
    ticks = f"621355968000000000 + epoch_us({_AT}) * 10"
    _write(
        path,
        "y=2026/m=09/d={day:02}/PT1H-{number:06}.json",
        n,
        f"""{{
            time: {_TIME}, category: 'RequestResponse', operationName: 'ChatCompletions_Create',
            correlationId: {_ID}, durationMs: 100 + i % 900, resultSignature: '200',
            location: 'eastus', event: 'ShoeboxCallResult',
            resourceId: '/SUBSCRIPTIONS/1/RESOURCEGROUPS/AI/PROVIDERS/'
                || 'MICROSOFT.COGNITIVESERVICES/ACCOUNTS/SHOP-' || i % 3,
            properties: json_object(
                'requestTime', {ticks}, 'requestLength', i % 4096, 'responseTime', {ticks} + 9999,
                'modelDeploymentName', CASE WHEN i % 20 > 0 THEN 'search-' || i % 7 ELSE '' END,
                'modelName', CASE WHEN i % 20 > 0 THEN 'gpt-4o' ELSE '' END,
                'modelVersion', '2024-08-06', 'streamType', 'Non-Streaming'
            )::VARCHAR
        }}""",
        gz=False,
    )


def write_azure_api_management(path: Path, n: int) -> None:
    """API Management's log: of three rows of a call one has the tokens."""
    _write(
        path,
        "y=2026/m=09/d={day:02}/PT1H-{number:06}.json",
        n,
        f"""{{
            time: {_TIME}, category: 'GatewayLlmLogs', location: 'eastus',
            properties: {{
                correlationId: md5((i // 3)::VARCHAR), requestId: 'chatcmpl-' || i // 3,
                operationName: 'chat', sequenceNumber: i % 3,
                deploymentName: CASE WHEN i % 3 = 0 THEN 'search-' || i % 7 END,
                modelName: CASE WHEN i % 3 = 0 THEN 'gpt-4o' END,
                promptTokens: CASE WHEN i % 3 = 0 THEN 30 + i % 900 END,
                completionTokens: CASE WHEN i % 3 = 0 THEN 10 + i % 400 END,
                requestMessages: CASE WHEN i % 3 > 0 THEN {_BODY} END
            }}
        }}""",
        gz=False,
    )


def write_openai_usage(path: Path, n: int) -> None:
    """OpenAI's usage: a bucket of an hour a line with 100 results, the last tenth read twice."""
    result = """{
        object: 'organization.usage.completions.result', input_tokens: 200 + k * 3,
        output_tokens: 100 + k, input_cached_tokens: 160, num_model_requests: 5,
        project_id: 'proj_' || k % 10, user_id: NULL, api_key_id: NULL,
        model: 'gpt-4o-' || k // 10, batch: false, service_tier: 'default'
    }"""
    results = n // 100
    again = results // 11
    hour = f"(CASE WHEN i < {results - again} THEN i ELSE i - {again} END)"
    _write(
        path,
        "usage-{number:06}.jsonl",
        max(results, 1),
        f"""{{
            object: 'bucket', start_time: 1788220800 + {hour} * 3600,
            end_time: 1788220800 + {hour} * 3600 + 3600,
            results: list_transform(range(100), lambda k: {result})
        }}""",
        per_file=max((results - again) // 10, 1),
        gz=False,
    )


def write_vertex_ai(path: Path, n: int) -> None:
    """Vertex AI's request-response table as JSON lines in gzip, for the mapping `vertex-ai`."""
    _write(
        path,
        "rows-{number:06}.json.gz",
        n,
        f"""{{
            logging_time: {_TIME}, request_id: (1000000000000000000 + i)::VARCHAR,
            model: 'publishers/google/models/gemini-2.5-' || i % 5, model_version: 'default',
            api_method: 'GenerateContent', full_request: {{contents: [{{parts: [{_BODY}]}}]}},
            full_response: {{
                candidates: [{{content: {{role: 'model', parts: [{_BODY}]}}}}],
                createTime: {_TIME}, modelVersion: 'gemini-2.5-' || i % 5, responseId: {_ID},
                usageMetadata: {{
                    promptTokenCount: 30 + i % 900, candidatesTokenCount: 10 + i % 400,
                    thoughtsTokenCount: i % 500, trafficType: 'ON_DEMAND'
                }}
            }},
            metadata: {{request_latency: 900.25 + i % 4000}}
        }}""",
        gz=True,
    )


def write_kserve(path: Path, n: int) -> None:
    """KServe's events in gzip, request and response in turn, for the mapping `kserve`."""
    _write(
        path,
        "events-{number:06}.jsonl.gz",
        n,
        f"""{{
            specversion: '1.0', id: md5((i // 2)::VARCHAR), time: {_TIME},
            type: 'org.kubeflow.serving.inference.' || ['request', 'response'][1 + i % 2],
            inferenceservicename: 'chat-' || i // 2 % 5, namespace: 'shop', component: 'predictor',
            endpoint: '', data: {{
                text: {_BODY},
                usage: {{prompt_tokens: 30 + i % 900, completion_tokens: 10 + i % 400}}
            }}
        }}""",
        gz=True,
    )


MAPPED_TABLE = """
[fields]
started_at = "day"
model = "checkpoint"
tenant = "group"
status = "state"
input_tokens = "prompt"
output_tokens = { sum = ["answer", "thoughts"] }
gpu_ms = "seconds"
request_id = "id"
[scale]
gpu_ms = 1000
[words.status]
SUCCEED = "ok"
[reading]
timezone = "Europe/Berlin"
"""
"""The mapping of the tables below: a sum, a scale, words, and times of a zone."""

_ROW = f"""
    SELECT
        strftime({_AT} + INTERVAL 2 HOUR, '%Y-%m-%d %H:%M:%S') AS day, {_ID} AS id,
        'M' || i % 10 AS checkpoint,
        'G' || i % 5 AS "group", CASE WHEN i % 60 = 0 THEN 'FAILED' ELSE 'SUCCEED' END AS state,
        30 + i % 900 AS prompt, 10 + i % 400 AS answer, i % 500 AS thoughts,
        i % 90 + 0.5 AS seconds, 'TXT_2_IMG' AS kind, i % 8 AS images
    FROM range($first, $last) AS r(i)
"""


def _write_tables(path: Path, n: int, suffix: str, form: str) -> None:
    path.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        for number, first in enumerate(range(0, n, LINES_PER_FILE)):
            file = path / f"{number:06}{suffix}"
            con.execute(
                f"COPY ({_ROW.replace('$n', str(n))}) TO '{file}' ({form})",
                {"first": first, "last": min(first + LINES_PER_FILE, n)},
            )


def write_mapped_csv(path: Path, n: int) -> None:
    """A table of a user's own as CSV in gzip, for `MAPPED_TABLE`."""
    _write_tables(path, n, ".csv.gz", "FORMAT csv, HEADER, COMPRESSION gzip")


def write_mapped_parquet(path: Path, n: int) -> None:
    """A table of a user's own as Parquet, for `MAPPED_TABLE`."""
    _write_tables(path, n, ".parquet", "FORMAT parquet, COMPRESSION zstd")


def write_pod_allocations(path: Path, n: int) -> None:
    """Pods of up to an hour each on 500 nodes, one a line, as a scheduler's events make them."""
    _write(
        path,
        "pods-{number:06}.jsonl.gz",
        n,
        f"""{{
            node: 'i-' || lpad((i % 500)::VARCHAR, 17, '0'), namespace: 'team-' || i % 20,
            pod: 'rank-v' || i % 40 || '-' || i % 2000, gpus: (1 + i % 8)::VARCHAR,
            gpu_milli: CASE WHEN i % 8 = 0 THEN '500' ELSE '1000' END,
            cpu: (4 + i % 60) || '000m', memory: (8 + i % 500) || 'Gi',
            qos: ['Guaranteed', 'Burstable', 'BestEffort'][1 + i % 3],
            "from": {_TIME},
            until: strftime({_AT} + to_minutes(10 + i % 60), '%Y-%m-%dT%H:%M:%SZ')
        }}""",
        gz=True,
    )


_ANSWER = "'chatcmpl-' || md5('answer ' || i)"


def write_litellm(path: Path, n: int) -> None:
    """LiteLLM's logging payloads of the calls of `write_bedrock`, as its S3 logger flushes them."""
    _write(
        path,
        "2026-09-{day:02}/batch-{number:06}.jsonl",
        n,
        f"""{{
            id: {_ANSWER}, trace_id: 'trace-' || i, litellm_call_id: 'call-' || i,
            call_type: 'acompletion', stream: false, status: 'success', cache_hit: NULL,
            custom_llm_provider: 'bedrock', response_cost: (i % 977) / 1000000,
            total_tokens: 40 + i % 900 + i % 400, prompt_tokens: 30 + i % 900 + i % 10 // 9 * 1024,
            completion_tokens: 10 + i % 400,
            startTime: epoch_us({_AT}) / 1000000 + 0.5, endTime: epoch_us({_AT}) / 1000000 + 2,
            model: 'bedrock/us.anthropic.claude-' || i % 5 || '-v1:0', model_group: 'claude',
            api_base: 'https://bedrock-runtime.us-east-1.amazonaws.com/model/x/converse',
            metadata: {{
                user_api_key_alias: 'app-' || i % 20, user_api_key_team_alias: 'shop-' || i % 9,
                usage_object: {{
                    prompt_tokens: 30 + i % 900, completion_tokens: 10 + i % 400,
                    prompt_tokens_details: {{cached_tokens: i % 10 // 9 * 1024}},
                    completion_tokens_details: {{reasoning_tokens: i % 10}}
                }}
            }},
            messages: [{{role: 'user', content: {_BODY}}}], response: {{choices: [{_BODY}]}},
            hidden_params: {{
                additional_headers: {{"llm_provider-x-amzn-requestid": {_ID}}}, response_cost: NULL
            }},
            model_map_information: {{model_map_key: 'claude'}}
        }}""",
        gz=False,
    )


_SPEND_LOG = f"""
    SELECT
        {_ANSWER} AS request_id, 'acompletion' AS call_type, {_ID} AS api_key,
        (i % 977) / 1000000 AS spend, 30 + i % 900 AS prompt_tokens,
        10 + i % 400 AS completion_tokens, {_AT} AS "startTime", {_AT} AS "endTime",
        'gpt-4o-' || i % 5 AS model, 'openai' AS custom_llm_provider, '' AS api_base,
        'False' AS cache_hit, 'shop-' || i % 9 AS team_id, '' AS end_user, 'success' AS status,
        json_object('user_api_key_alias', 'app-' || i % 20, 'usage_object', json_object(
            'prompt_tokens', 30 + i % 900, 'completion_tokens', 10 + i % 400,
            'prompt_tokens_details', json_object('cached_tokens', i % 30)))::VARCHAR AS metadata,
        json_object('messages', {_BODY})::VARCHAR AS proxy_server_request
    FROM range($first, $last) AS r(i)
"""


def _write_spend_logs(path: Path, n: int, suffix: str, form: str) -> None:
    path.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        for number, first in enumerate(range(0, n, LINES_PER_FILE)):
            con.execute(
                f"COPY ({_SPEND_LOG.replace('$n', str(n))}) "
                f"TO '{path / f'{number:06}{suffix}'}' ({form})",
                {"first": first, "last": min(first + LINES_PER_FILE, n)},
            )


def write_litellm_csv(path: Path, n: int) -> None:
    """LiteLLM's table SpendLogs as its database copies it out, in gzip."""
    _write_spend_logs(path, n, ".csv.gz", "FORMAT csv, HEADER, COMPRESSION gzip")


def write_litellm_parquet(path: Path, n: int) -> None:
    """LiteLLM's table SpendLogs as a warehouse keeps it."""
    _write_spend_logs(path, n, ".parquet", "FORMAT parquet, COMPRESSION zstd")


SPANS_PER_LINE = 50


def write_otel(path: Path, n: int) -> None:
    """Spans of the calls of `write_litellm`, 50 a line; one in five is an agent's."""

    def attributes(**texts: str) -> str:
        listed = ", ".join(
            f"{{key: '{key}', value: {{{'intValue' if 'tokens' in key else 'stringValue'}: "
            f"({text})::VARCHAR}}}}::JSON"
            for key, text in texts.items()
        )
        return f"[{listed}]"

    inference = attributes(
        **{
            "gen_ai.operation.name": "CASE WHEN i % 5 = 4 THEN 'invoke_agent' ELSE 'chat' END",
            "gen_ai.provider.name": "'aws.bedrock'",
            "gen_ai.request.model": "'us.anthropic.claude-' || i % 5 || '-v1:0'",
            "gen_ai.response.id": _ANSWER,
            "gen_ai.usage.input_tokens": "30 + i % 900",
            "gen_ai.usage.output_tokens": "10 + i % 400",
            "gen_ai.request.temperature": "0.5",
            "gen_ai.input.messages": _BODY,
            "gen_ai.output.messages": _BODY,
        }
    )
    span = f"""{{
        traceId: {_ID}, spanId: left(md5('span ' || i), 16), name: 'chat claude', kind: 3,
        startTimeUnixNano: (epoch_us({_AT}) * 1000)::VARCHAR,
        endTimeUnixNano: (epoch_us({_AT}) * 1000 + 2000000000)::VARCHAR,
        attributes: {inference}, status: {{}}
    }}"""
    lines = max(n // SPANS_PER_LINE, 1)
    spans = span.replace("$n", str(lines * SPANS_PER_LINE)).replace("i %", "k %")
    spans = spans.replace("|| i", "|| k").replace("+ i *", "+ k *").replace("(i:", "(k:")
    _write(
        path,
        "traces-{number:06}.json",
        lines,
        f"""{{
            resourceSpans: [{{
                resource: {{attributes: {attributes(**{"service.name": "'app-' || i % 20"})}}},
                scopeSpans: [{{
                    scope: {{name: 'opentelemetry.instrumentation.botocore'}},
                    spans: list_transform(
                        range(i * {SPANS_PER_LINE}, (i + 1) * {SPANS_PER_LINE}), lambda k: {spans}
                    )
                }}]
            }}]
        }}""",
        per_file=LINES_PER_FILE // SPANS_PER_LINE,
        gz=False,
    )
