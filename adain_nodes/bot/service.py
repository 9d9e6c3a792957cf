"""The bot at work: one task listens and fills the queue, another one empties it, a picture at a time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import chain, repeat
from typing import Any, TypeVar

from adain_nodes.bot.conversation import BROKEN, TURN, Conversation, Message, Press, alpha_buttons
from adain_nodes.bot.errors import RefusedError, TokenError, UnreachableError
from adain_nodes.bot.limits import Limits
from adain_nodes.bot.queue import Job, Queue
from adain_nodes.bot.telegram import Telegram
from adain_nodes.bot.work import Painter
from adain_nodes.core.errors import AdaINError, OutputError
from adain_nodes.examples import title

log = logging.getLogger("adain_nodes")

Answer = TypeVar("Answer")

PAUSES = (1.0, 2.0, 5.0, 15.0, 30.0)
"""Seconds between attempts to reach Telegram."""

TRIES = 5
"""How often a job is begun: one that ends the process, or never gets through, does not keep the others waiting."""


class Service:
    """A bot that answers until it is cancelled. ``pauses`` are as in PAUSES."""

    def __init__(
        self, telegram: Telegram, queue: Queue, painter: Painter, limits: Limits, pauses: Sequence[float] = PAUSES
    ) -> None:
        self._telegram = telegram
        self._queue = queue
        self._painter = painter
        self._limits = limits
        self._pauses = pauses
        presets = {name: title(path) for name, path in painter.presets.items()}
        self._conversation = Conversation(queue, presets, limits)
        self._come = asyncio.Event()

    async def run(self) -> None:
        """Answer. Raises TokenError for a token that Telegram does not know, OutputError where the queue fails."""
        async with self._telegram:
            await self._insist(self._telegram.hello)
            log.info("The bot is at work; %d in line.", self._queue.length())
            tasks = [asyncio.create_task(each) for each in (self._listen(), self._work())]
            try:
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        """Telegram forgets news when the next are asked for: by then, what they have led to is on the disk."""
        offset = None
        while True:
            self._queue.drop_old()
            news = await self._insist(partial(self._telegram.updates, offset))
            for update in news:
                if update.event is not None:
                    await self._answer(update.event)
            # Numbers begin anew after a quiet week: those that are confirmed are not to be counted from for ever.
            offset = news[-1].id + 1 if news else None

    async def _answer(self, event: Message | Press) -> None:
        if self._queue.find(event.id, event.chat):
            return  # it has come before, and the process ended before Telegram knew
        try:
            reply = self._conversation.reply(event)
            if reply.forget:
                self._queue.forget(event.chat)
            notice = None
            if reply.text:
                notice = await self._tell(self._telegram.say, event.chat, reply.text, reply.buttons)
            if reply.order:
                self._queue.add(event.id, event.chat, event.message, reply.order, notice)
                self._come.set()
            if isinstance(event, Press):
                await self._tell(self._telegram.pressed, event.query)
        except AdaINError:
            raise
        except Exception:  # the same message would come again, and end the next process too
            log.exception("A message that no handler expected")

    async def _work(self) -> None:
        while True:
            job = self._queue.take()
            if job is None:
                self._come.clear()
                await self._come.wait()
                continue
            try:
                await self._serve(job)
            except UnreachableError as error:  # the job is still the first in line
                log.warning("%s", error)
                await asyncio.sleep(max(self._pauses[0], error.after))
                await self._insist(self._telegram.hello)

    async def _serve(self, job: Job) -> None:
        """Make a job and take it out of the line; whatever is wrong with it is told to the user.

        Killed between the sending and the line after it, the bot sends the picture again: better twice than never.
        """
        begun = time.monotonic()
        try:
            await self._make(job)
            log.info("A picture in %.1f s.", time.monotonic() - begun)
        except (UnreachableError, TokenError, OutputError):
            raise
        except AdaINError as error:
            log.info("No picture: %s", error.problem)
            await self._explain(job, f"{error.problem} Please send another picture.")
        except Exception:
            log.exception("An error that no handler expected")
            await self._explain(job, BROKEN)
        self._queue.done(job.id)
        if job.notice is not None:
            await self._tell(self._telegram.delete, job.chat, job.notice)

    async def _make(self, job: Job) -> None:
        if job.tries > TRIES:
            raise AdaINError(f"I have tried {TRIES} times, and it did not work.")
        if job.notice is not None and job.place > 1 and job.tries == 1:
            await self._tell(self._telegram.edit, job.chat, job.notice, TURN)
        await self._tell(self._telegram.working, job.chat)
        kind, _, name = job.style.partition(":")
        photo = await self._telegram.fetch(job.photo, self._limits.megabytes)
        style = name if kind == "preset" else await self._telegram.fetch(name, self._limits.megabytes)
        jpeg = await asyncio.to_thread(self._painter.paint, photo, style, job.alpha)
        if self._queue.holds(job.id):  # and was not forgotten meanwhile
            await self._telegram.send(job.chat, jpeg, alpha_buttons(job.id), job.message)

    async def _explain(self, job: Job, text: str) -> None:
        await self._tell(self._telegram.say, job.chat, text, (), job.message)

    async def _tell(self, say: Callable[..., Awaitable[Answer]], *values: Any) -> Answer | None:
        """Something that is no loss if it does not get through: it is tried twice."""
        for pause in (self._pauses[0], 0):
            try:
                return await say(*values)
            except RefusedError as error:
                log.warning("Not told: %s", error)
                return None
            except UnreachableError as error:
                log.warning("Not told: %s", error)
                await asyncio.sleep(max(pause, error.after))
        return None

    async def _insist(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Ask until there is an answer."""
        pauses = chain(self._pauses, repeat(self._pauses[-1]))
        while True:
            try:
                return await ask()
            except UnreachableError as error:
                log.warning("%s", error)
                await asyncio.sleep(max(next(pauses), error.after))
