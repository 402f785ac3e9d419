"""The machines of the made-up company: which node a bill line is about, and what runs on it.

Nodes are numbered. Of 20 nodes, 5 are endpoints that several versions share, 11 serve one version,
2 train, 2 are nobody's. Requests are logged for the shared ones and for 2 of the 11.
"""

import hashlib

LINES_PER_BLOCK = 20
NODES_PER_BLOCK = 2
HOURS = 720
MODELS = 25
SHARED, SOLE, TRAINING = range(5), range(5, 16), range(16, 18)
LOGGED = 7
"""Nodes whose number modulo 20 is below this are logged."""

ROLLOUT_STARTS, ROLLOUT_ENDS = 13 * 24, 14 * 24
"""Hours of the month: v4 takes over from v3 on every shared endpoint."""


def nodes(bill_lines: int) -> int:
    """How many nodes a bill of so many lines is about: every node has a line for every hour."""
    blocks = bill_lines // LINES_PER_BLOCK
    return -(-blocks // HOURS) * NODES_PER_BLOCK


def logged_nodes(bill_lines: int) -> int:
    """How many of them have requests in the log."""
    whole, rest = divmod(nodes(bill_lines), 20)
    return whole * LOGGED + min(rest, LOGGED)


def resource_sql(node: str) -> str:
    """SQL for the resource id of a node as the bill and the log name it."""
    return (
        f"CASE WHEN {node} % 20 < 5 "
        f"THEN 'arn:aws:sagemaker:us-east-1:111122223333:endpoint/shared-' || {node} "
        f"ELSE 'i-0' || substr(md5('node ' || {node}), 1, 16) END"
    )


def resource(node: int) -> str:
    """The same in Python."""
    if node % 20 in SHARED:
        return f"arn:aws:sagemaker:us-east-1:111122223333:endpoint/shared-{node}"
    return "i-0" + hashlib.md5(f"node {node}".encode()).hexdigest()[:16]  # noqa: S324 -- a name


def model(node: int) -> str:
    """The model a node serves or trains."""
    return f"model-{node % MODELS:02}"


def catalogue(bill_lines: int) -> str:
    """The catalogue in TOML: 25 models of four versions, a chat model, deployments and runs."""
    text = []
    for number in range(MODELS):
        text.append(
            f'[[models]]\nname = "{model(number)}"\n'
            f'owners = [{{ owner = "team-{number % 7}", cost_centre = "CC-{number % 4}" }}]\n'
        )
        for version in range(1, 5):
            predecessor = f'predecessor = "v{version - 1}"\n' if version > 1 else ""
            text.append(f'[[models.versions]]\nversion = "v{version}"\n{predecessor}')
    text.append(
        '[[models]]\nname = "chat"\n[[models.versions]]\nversion = "claude-sonnet-4-6"\n'
        'usage_types = ["Claude4.6Sonnet"]\n'
    )
    # (model, version, from, until, replaces) -> nodes
    deployed: dict[tuple[str, str, str, str, str], list[int]] = {}
    start, end = _day(ROLLOUT_STARTS), _day(ROLLOUT_ENDS)
    for node in range(nodes(bill_lines)):
        here = model(node)
        if node % 20 in SHARED:
            terms = [("v1", "", "", ""), ("v2", "", "", ""), ("v3", "", end, "")]
            terms.append(("v4", start, "", "v3"))
            if node % 20 == 0:
                deployed.setdefault((model(node + 1), "v1", "", "", ""), []).append(node)
        elif node % 20 in SOLE:
            terms = [("v2", "", "", "")]
        else:
            terms = []
        for term in terms:
            deployed.setdefault((here, *term), []).append(node)
    for (name, version, since, until, replaces), where in sorted(deployed.items()):
        text.append(
            f'[[deployments]]\nmodel = "{name}"\nversion = "{version}"\n'
            + (f"from = {since}\n" if since else "")
            + (f"until = {until}\n" if until else "")
            + (f'replaces = "{replaces}"\n' if replaces else "")
            + f"resources = {[resource(node) for node in where]}\n"
        )
    for node in range(nodes(bill_lines)):
        if node % 20 in TRAINING:
            text.append(
                f'[[runs]]\nid = "run-{node}"\nmodel = "{model(node)}"\nversion = "v4"\n'
                f'resources = ["{resource(node)}"]\n'
                "from = 2026-09-01T00:00:00Z\nuntil = 2026-10-01T00:00:00Z\n"
            )
    return "\n".join(text)


def _day(hour: int) -> str:
    return f"2026-09-{hour // 24 + 1:02}T00:00:00Z"
