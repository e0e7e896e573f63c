"""Runs one notebook with nbclient: run_notebook.py <in.ipynb> <out.ipynb> <kernel> <cell timeout s> <folder>.

Prints one JSON object: {"ok": true}, or {"ok": false, "cell": 1-based among all cells, "execution_count", "ename",
"evalue"}. Exit status 0 in both cases.
"""
import json
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError


def main():
    source, target, kernel, timeout, folder = sys.argv[1:6]
    notebook = nbformat.read(source, as_version=4)
    at = {"cell": None}

    def started(cell, cell_index):
        at["cell"] = cell_index

    client = NotebookClient(
        notebook,
        kernel_name=kernel,
        timeout=int(timeout),
        startup_timeout=120,
        record_timing=False,
        coalesce_streams=True,
        shutdown_kernel="graceful",
        resources={"metadata": {"path": folder}},
        on_cell_start=started,
    )
    result = {"ok": True}
    try:
        client.execute()
    except CellExecutionError as error:
        result = failure(notebook, at["cell"], error.ename, error.evalue)
    except CellTimeoutError:
        result = failure(notebook, at["cell"], "Timeout", f"the cell ran for more than {timeout} s")
    except DeadKernelError:
        result = failure(notebook, at["cell"], "DeadKernel", "the kernel died")
    if result["ok"]:
        with open(target, "w", encoding="utf-8") as file:
            json.dump(notebook, file)
    print(json.dumps(result))


def failure(notebook, index, ename, evalue):
    count = None if index is None else notebook.cells[index].get("execution_count")
    number = None if index is None else index + 1
    return {"ok": False, "cell": number, "execution_count": count, "ename": ename, "evalue": evalue}


if __name__ == "__main__":
    main()
