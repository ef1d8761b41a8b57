"""Fifty trials of Optuna's default sampler on two objectives."""

import optuna
import optunahub

benchmark = optunahub.load_module("benchmarks/dipbench")
problem = benchmark.Problem(["supervised_rmse_val", "macs"])
study = optuna.create_study(directions=problem.directions)
study.optimize(problem, n_trials=50)
for trial in study.best_trials:
    print(trial.values, trial.params)
