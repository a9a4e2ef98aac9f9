"""Three small stages for tests of the runner: numbers → doubled → total."""

from pipeline.stage import Stage

STAGES = (
    Stage("numbers", (), ("demo",), (), (), home="tests.pipeline.toy"),
    Stage("doubled", ("numbers",), ("split",), (), (), home="tests.pipeline.toy"),
    Stage("total", ("doubled",), (), (), (), home="tests.pipeline.toy"),
)
