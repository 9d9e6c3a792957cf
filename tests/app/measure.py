"""How fast the page is, in a real browser: ``python tests/app/measure.py``. Printed, not judged: machines are busy."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from statistics import median

from playwright.sync_api import Page, sync_playwright

MOVES = 15
RESULT = "document.querySelectorAll('#stylise-result img')[1]"
SHOWN = f"before => {RESULT}?.complete && {RESULT}.naturalWidth && {RESULT}.src !== before"


def main() -> None:
    """Start the server, open the page, move alpha."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = time.perf_counter()
    command = [sys.executable, "-m", "adain_nodes", "app", "--port", str(port), "--device", "cpu"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, sync_playwright() as playwright:
        assert server.stdout is not None
        address = server.stdout.readline().split()[4]
        print(f"server up after {time.perf_counter() - started:.1f} s")
        program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=["--disable-gpu"], chromium_sandbox=False)
        for visit in ("first", "second"):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            begun = time.perf_counter()
            page.goto(address)
            page.wait_for_function(SHOWN, arg="", timeout=60_000)
            print(f"{visit} visit: result on the page after {time.perf_counter() - begun:.2f} s")
        moves = [move_alpha(page) for _ in range(MOVES)]
        size = page.evaluate(f"[{RESULT}.naturalWidth, {RESULT}.naturalHeight].join('×')")
        print(f"alpha moved {MOVES} times, {size} px: {median(moves):.2f} s in the median, {max(moves):.2f} s at most")
        browser.close()
        server.terminate()


def move_alpha(page: Page) -> float:
    """Seconds from letting go of the slider until another preview is on the page."""
    page.wait_for_timeout(2500)  # the full result of the last move is there
    slider = page.get_by_label("range slider for Strength (alpha)").locator("visible=true").bounding_box()
    before = page.evaluate(f"{RESULT}.src")
    assert slider is not None
    share = 0.1 + 0.8 * ((time.perf_counter() * 7) % 1)
    page.mouse.move(slider["x"] + share * slider["width"], slider["y"] + slider["height"] / 2)
    page.mouse.down()
    page.mouse.up()
    released = time.perf_counter()
    page.wait_for_function(SHOWN, arg=before, timeout=60_000)
    return time.perf_counter() - released


if __name__ == "__main__":
    main()
