"""How a logged model is loaded where this checkout is not: MLflow calls `_load_pyfunc` of one of these modules.

They travel with the logged model, import MLflow for the refusal of a mistake alone, and unpickle nothing.
"""
