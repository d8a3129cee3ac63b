"""A desk that does what it is told: an expression a line on stdin; each answer is its lines, then a line with a dot.

`python driven.py PORT FOLDER CLIENT`
"""

import sys
import traceback

import desk as words
import lines
import model
from ibapi.execution import ExecutionFilter


def main():
    port, folder, client = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    desk = words.Desk(port, client, model.load(folder))
    desk.wait("nextValidId")
    scope = {**vars(words), "desk": desk, "lines": lines, "everything": ExecutionFilter}
    for line in sys.stdin:
        try:
            answer = eval(line, scope)
            told = answer if isinstance(answer, list) else []
        except Exception:
            told = ["!" + row for row in traceback.format_exc().splitlines()]
        for row in told:
            print(row)
        print(".", flush=True)
    desk.leave()


main()
