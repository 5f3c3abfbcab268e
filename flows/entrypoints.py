"""The flows as Prefect loads them for a deployment, or to retry a run."""

from flows.prepare import prepare_items
from flows.study import run_study
from flows.sweep import run_sweep
from flows.sweep_trial import run_trial
from flows.tune import tune_model

prepare = prepare_items.as_prefect_flow
study = run_study.as_prefect_flow
sweep = run_sweep.as_prefect_flow
trial = run_trial.as_prefect_flow
tune = tune_model.as_prefect_flow
