"""Label care: what is wrong with labelled files, and which of their rows to set aside for judging.

What is found is shown, and never settled silently: a person who knows the Code decides. Needs the extra ``train``.
"""

from moderation.labels.checking import Checked, check
from moderation.labels.rows import Rows, read_rows
from moderation.labels.splitting import SplitPlan, plan_split

__all__ = ["Checked", "Rows", "SplitPlan", "check", "plan_split", "read_rows"]
