from pipeline.stage import Context


def run(context: Context) -> None:
    (context.out / "numbers.txt").write_text("\n".join(str(n) for n in range(context.config.demo.days)))
