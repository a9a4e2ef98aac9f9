from pipeline.stage import Context, NotApplicable


def run(context: Context) -> None:
    doubled = [int(line) for line in (context.input("doubled") / "doubled.txt").read_text().splitlines()]
    if not sum(doubled):
        raise NotApplicable("there is nothing to add up")
    (context.out / "total.txt").write_text(str(sum(doubled)))
