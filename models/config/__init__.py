"""Configuration of the models, their training, their search and their comparison."""

from models.config.abandonment import AbandonmentConfig
from models.config.digits import DigitsConfig
from models.config.evaluation import CostConfig, EvaluateConfig, SegmentConfig
from models.config.health import GradientHealthConfig
from models.config.multi_task import MultiTaskConfig
from models.config.optimizer import RULES, OptimizerConfig, Rule, ScheduleConfig
from models.config.recommender import AugmentationConfig, RecommenderConfig
from models.config.retraining import RetrainConfig
from models.config.stopping import EarlyStopping
from models.config.study import CompareConfig, TuneConfig

__all__ = [
    "RULES",
    "AbandonmentConfig",
    "AugmentationConfig",
    "CompareConfig",
    "CostConfig",
    "DigitsConfig",
    "EarlyStopping",
    "EvaluateConfig",
    "GradientHealthConfig",
    "MultiTaskConfig",
    "OptimizerConfig",
    "RecommenderConfig",
    "RetrainConfig",
    "Rule",
    "ScheduleConfig",
    "SegmentConfig",
    "TuneConfig",
]
