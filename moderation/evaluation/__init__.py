"""How good a model is on labelled rows, how sure that is, whether another is better, and a page that shows it."""

from moderation.evaluation.comparison import Comparison, compare
from moderation.evaluation.figures import Figures, measure
from moderation.evaluation.judging import Evaluation, evaluate

__all__ = ["Comparison", "Evaluation", "Figures", "compare", "evaluate", "measure"]
