"""A local stand-in for Telegram: the part of its Bot API that the bot uses, over real HTTP, and users who chat with it.

Faults are scripted: ``standin.faults[method]`` lists what the next calls of a method meet. "drop" closes the connection
without an answer, "lose" does so after the call has had its effect, an Event holds the call until it is set, and a
dictionary is answered as it is, with its error code.
"""

from __future__ import annotations

import io
import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from PIL import Image

TOKEN = "123456:AAE_secret-secret-secret-secret-secret"

WAIT = 120
"""Seconds after which a test gives up."""


class Call(NamedTuple):
    """A request: its method, or "file" for a download, and what came with it."""

    method: str
    values: dict[str, str]
    photo: bytes | None = None


def refusal(code: int, description: str, **parameters: float) -> dict[str, Any]:
    """What Telegram answers when it will not."""
    answer: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
    return answer | ({"parameters": parameters} if parameters else {})


class StandIn(ThreadingHTTPServer):
    """The server.

    ``messages`` are what chats show, by chat and number. ``calls`` is everything that was asked, ``pushed`` all news
    that there were, and ``updates`` those that are not confirmed.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.changed = threading.Condition(threading.RLock())
        self.calls: list[Call] = []
        self.faults: defaultdict[str, list[Any]] = defaultdict(list)
        self.files: dict[str, bytes] = {}
        self.messages: dict[tuple[int, int], dict[str, Any]] = {}
        self.updates: list[dict[str, Any]] = []
        self.pushed: list[dict[str, Any]] = []
        self._polls = self._numbers = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong, unless it is a connection of a bot that was killed."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def number(self) -> int:
        """One that was not given before, for updates, messages and files."""
        with self.changed:
            self._numbers += 1
            return self._numbers

    def wait(self, condition: Callable[[], Any]) -> Any:
        """Until something is so; gives what it is."""
        with self.changed:
            assert self.changed.wait_for(condition, WAIT), [call.method for call in self.calls]
            return condition()

    def asked(self, method: str) -> list[Call]:
        """All calls of one method."""
        with self.changed:
            return [call for call in self.calls if call.method == method]

    def push(self, **update: Any) -> None:
        """News for the bot."""
        with self.changed:
            self.pushed.append({"update_id": self.number(), **update})
            self.updates.append(self.pushed[-1])
            self.changed.notify_all()

    def perform(self, call: Call) -> Any:
        """Do what a call asks for; gives the result, or a refusal."""
        values = call.values
        chat, message = int(values.get("chat_id", 0)), int(values.get("message_id", 0))
        if call.method == "getUpdates":
            return self._poll(int(values.get("offset", 0)), int(values["timeout"]))
        if call.method == "getMe":
            return {"id": 123456, "is_bot": True, "first_name": "Painter", "username": "painter_bot"}
        if call.method == "getFile":
            size = {"file_size": len(self.files[values["file_id"]])} if values["file_id"] in self.files else {}
            return {"file_id": values["file_id"], "file_unique_id": "u", "file_path": values["file_id"], **size}
        with self.changed:
            if call.method in ("sendMessage", "sendPhoto"):
                message = self.number()
                self.messages[chat, message] = {"text": values.get("text"), "photo": call.photo, **_extras(values)}
                return {**_message(chat, message), "text": "as sent"}
            if call.method == "editMessageText":
                self.messages[chat, message]["text"] = values["text"]
                return _message(chat, message)
            if call.method == "deleteMessage":
                del self.messages[chat, message]
            return True

    def _poll(self, offset: int, timeout: int) -> Any:
        with self.changed:
            self._polls += 1
            poll = self._polls
            self.updates = [update for update in self.updates if update["update_id"] >= offset]
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.updates or poll != self._polls, timeout)
            if poll != self._polls:
                return refusal(409, "Conflict: terminated by other getUpdates request")
            return self.updates[:100]


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: StandIn

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        """A download."""
        _, token, name = unquote(self.path).removeprefix("/file").split("/", 2)
        call = Call("file", {"file_id": name})
        self._handle(call, token, lambda: self.server.files.get(name, refusal(404, "Not Found")))

    def do_POST(self) -> None:
        """A method."""
        _, token, method = self.path.split("/")
        body = self.rfile.read(int(self.headers["Content-Length"]))
        call = Call(method, *_form(self.headers.get("Content-Type", ""), body))
        self._handle(call, token, lambda: self.server.perform(call))

    def _handle(self, call: Call, token: str, perform: Callable[[], Any]) -> None:
        with self.server.changed:
            self.server.calls.append(call)
            faults = self.server.faults[call.method]
            fault = faults.pop(0) if faults else None
            self.server.changed.notify_all()
        if isinstance(fault, threading.Event):
            fault.wait(WAIT)
        result = perform() if fault is None or fault == "lose" or isinstance(fault, threading.Event) else fault
        if token != f"bot{TOKEN}":
            result = refusal(401, "Unauthorized")
        with self.server.changed:
            self.server.changed.notify_all()
        if isinstance(fault, str):
            self.close_connection = True
        else:
            self._answer(result)

    def _answer(self, result: Any) -> None:
        refused = isinstance(result, dict) and "ok" in result
        code = result["error_code"] if refused else 200
        wrapped = result if refused else {"ok": True, "result": result}
        body = result if isinstance(result, bytes) else json.dumps(wrapped).encode()
        try:
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:  # whoever asked was killed
            self.close_connection = True


def _message(chat: int, message: int) -> dict[str, Any]:
    return {"message_id": message, "date": int(time.time()), "chat": {"id": chat, "type": "private"}}


def _extras(values: dict[str, str]) -> dict[str, Any]:
    rows = json.loads(values.get("reply_markup", "{}")).get("inline_keyboard", [])
    buttons = {button["text"]: button["callback_data"] for row in rows for button in row}
    return {"buttons": buttons, "reply_to": json.loads(values.get("reply_parameters", "{}")).get("message_id")}


def _form(kind: str, body: bytes) -> tuple[dict[str, str], bytes | None]:
    """The fields of a form, and the file in it."""
    if not kind.startswith("multipart/"):
        return dict(parse_qsl(body.decode())), None
    parts: Any = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body).get_payload()
    fields = {part.get_param("name", header="content-disposition"): part.get_payload(decode=True) for part in parts}
    files = [part.get_payload(decode=True) for part in parts if part.get_filename()]
    return {name: data.decode("latin-1") for name, data in fields.items()}, files[0]


class User:
    """Somebody who chats with the bot."""

    def __init__(self, telegram: StandIn, chat: int, kind: str = "private") -> None:
        self._telegram = telegram
        self.chat = chat
        self._about = {"id": chat, "type": kind, "first_name": "Ann-Sophie"}

    def say(self, text: str = "", **more: Any) -> int:
        """Send a text, or something else; gives the number of the message."""
        number = self._telegram.number()
        sender = {"id": self.chat, "is_bot": False, "first_name": "Ann-Sophie"}
        message = {"message_id": number, "date": int(time.time()), "chat": self._about, "from": sender, **more}
        self._telegram.push(message=message | ({"text": text} if text else {}))
        return number

    def photo(self, data: bytes) -> int:
        """Send a picture as Telegram's programs do it, in two sizes."""
        width, height = Image.open(io.BytesIO(data)).size
        small = {"file_id": "thumbnail", "file_unique_id": "t", "width": 9, "height": 9}
        large = {"file_id": self._file(data), "file_unique_id": "u", "width": width, "height": height}
        return self.say(photo=[small, large | {"file_size": len(data)}])

    def document(self, data: bytes, size: int | None = None, kind: str = "image/png") -> int:
        """Send a file as it is; ``size`` is what Telegram says of it."""
        about = {"file_id": self._file(data), "file_unique_id": "u", "mime_type": kind}
        return self.say(document=about | ({} if size is None else {"file_size": size}))

    def press(self, text: str, message: dict[str, Any] | None = None) -> None:
        """Press a button under the latest message that has it, or under this one."""
        number, shown = next(
            (number, each)
            for number, each in reversed(self.shown())
            if text in each["buttons"] and message in (None, each)
        )
        self.send_press(number, shown["buttons"][text])

    def send_press(self, number: int, data: str) -> None:
        """What a press of a button sends."""
        sender = {"id": self.chat, "is_bot": False, "first_name": "Ann-Sophie"}
        message = _message(self.chat, number)
        self._telegram.push(
            callback_query={"id": "q", "from": sender, "chat_instance": "c", "message": message, "data": data}
        )

    def shown(self) -> list[tuple[int, dict[str, Any]]]:
        """What the bot has sent and not deleted, by number."""
        with self._telegram.changed:
            return [(number, each) for (chat, number), each in self._telegram.messages.items() if chat == self.chat]

    def texts(self) -> list[str]:
        """The texts of them."""
        return [each["text"] for _, each in self.shown() if each["text"]]

    def photos(self) -> list[dict[str, Any]]:
        """Those that are pictures."""
        return [each for _, each in self.shown() if each["photo"]]

    def wait_for(self, text: str) -> None:
        """Until a text is there that begins like this."""
        self._telegram.wait(lambda: any(each.startswith(text) for each in self.texts()))

    def wait_for_photos(self, count: int) -> list[dict[str, Any]]:
        """Until there are so many pictures, and the texts about their work are gone."""
        return self._telegram.wait(lambda: len(self.photos()) == count and not self._pending() and self.photos())

    def _pending(self) -> list[str]:
        return [text for text in self.texts() if text.startswith(("It is your turn", "You are number"))]

    def _file(self, data: bytes) -> str:
        name = f"file{self._telegram.number()}"
        self._telegram.files[name] = data
        return name


@contextmanager
def standing_in() -> Iterator[StandIn]:
    """A server that runs until the block is left."""
    with StandIn() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
