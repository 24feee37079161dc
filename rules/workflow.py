"""The path of a request as data: states, the actions that lead on, who holds each. Checked before it is published,
walked one step at a time, printed as a graph.

Kinds of state: `task` (a department's role acts), `payment` (waits for the bill of `stage`; `next` once paid,
`expired` if the bill lapsed), `applicant` (waits for the applicant), `external` (a department asks an outside `body`
and records its answer; both may end by `expired` after a `time_limit`), `parallel` (several `branches` act at once,
each with a verdict, and `join` says where the request goes when all have), `end`. Beside the written actions there are
the system's: `paid`, `expired`, `joined` (all favourable) and `objected`.

workflow_model.py has the data and the walk, workflow_check.py what may not be published, workflow_mermaid.py the graph.
"""

from rules.workflow_check import check
from rules.workflow_mermaid import mermaid
from rules.workflow_model import (
    APPEALED,
    EXPIRED,
    FAVOURABLE,
    JOINED,
    KINDS,
    LEGAL_REASON,
    OBJECTED,
    OUTCOMES,
    PAID,
    PURPOSES,
    REASON,
    SHOWS,
    SYSTEM_NAMES,
    UNFAVOURABLE,
    VERDICTS,
    Action,
    Appeal,
    Branch,
    BranchAction,
    State,
    Transition,
    Workflow,
)

__all__ = ["APPEALED", "EXPIRED", "FAVOURABLE", "JOINED", "KINDS", "LEGAL_REASON", "OBJECTED", "OUTCOMES", "PAID",
           "PURPOSES", "REASON", "SHOWS", "SYSTEM_NAMES", "UNFAVOURABLE", "VERDICTS", "Action", "Appeal", "Branch",
           "BranchAction", "State", "Transition", "Workflow", "check", "mermaid"]
