import os
import time

from pipeline.stage import Context


def run(context: Context) -> None:
    context.seconds["doubling"] = time.perf_counter()
    numbers = (context.input("numbers") / "numbers.txt").read_text().splitlines()
    with (context.out / "doubled.txt").open("w") as file:
        for number in numbers:
            file.write(f"{2 * int(number)}\n")
            file.flush()
            time.sleep(float(os.environ.get("TOY_PAUSE", "0")))
