"""Talk to a served endpoint: Ctrl-C stops an answer, Ctrl-D leaves; reasoning goes to the error output."""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx

from scripts.client.answers import Piece, batches, message_of, model_names, parsed
from scripts.client.target import ClientError, Target, add_arguments, explain, find

with contextlib.suppress(ImportError):  # absent on some systems; then there is no line editing
    import readline  # noqa: F401

DIM, PLAIN = "\x1b[2m", "\x1b[0m"


@dataclass
class Printer:
    """Show pieces as they come and keep the answer."""

    answer: str = ""
    reasoning: bool = False

    def show(self, piece: Piece) -> None:
        """Write *piece* at once: the answer to the output, reasoning dimmed to the error output."""
        self._switch(reasoning=piece.kind == "reasoning")
        if piece.kind == "answer":
            self.answer += piece.text
        print(piece.text, end="", flush=True, file=sys.stderr if self.reasoning else sys.stdout)

    def end(self) -> None:
        """Leave the terminal plain and at the start of a line."""
        self._switch(reasoning=False)
        print(flush=True)

    def _switch(self, *, reasoning: bool) -> None:
        if reasoning == self.reasoning:
            return
        mark = DIM if reasoning else f"{PLAIN}\n"
        print(mark if sys.stderr.isatty() else "" if reasoning else "\n", end="", flush=True, file=sys.stderr)
        self.reasoning = reasoning


@dataclass
class Conversation:
    """What was said so far; a question that got no answer is forgotten, so that it can be asked again."""

    target: Target
    client: httpx.Client
    messages: list[dict[str, str]] = field(default_factory=list)

    def ask(self, question: str) -> bool:
        """
        Stream the answer to *question* to the terminal; return False when Ctrl-C stopped it.

        Raises:
            ClientError: The endpoint refuses, breaks off or cannot be reached.
        """
        asked = [*self.messages, {"role": "user", "content": question}]
        printer, stopped = Printer(), False
        try:
            for piece in self._pieces(asked):
                printer.show(piece)
        except KeyboardInterrupt:
            stopped = True
        except httpx.HTTPError as error:
            raise ClientError(explain(error, self.target.endpoint)) from error
        finally:
            printer.end()
        if printer.answer:
            self.messages = [*asked, {"role": "assistant", "content": printer.answer}]
        return not stopped

    def _pieces(self, messages: list[dict[str, str]]) -> Iterator[Piece]:
        request = {"model": self.target.model or self._first_model(), "messages": messages, "stream": True}
        address = self.target.url("/v1/chat/completions")
        with self.client.stream("POST", address, headers=self.target.headers, json=request) as response:
            _refuse_errors(response)
            last = None
            for batch in batches(response.iter_bytes()):
                yield from batch
                last = batch[-1].kind
        if last != "done":
            raise ClientError("The stream broke off before its end.")

    def _first_model(self) -> str:
        response = self.client.get(self.target.url("/v1/models"), headers=self.target.headers)
        _refuse_errors(response)
        return model_names(response)[0]


def main() -> int:
    """Return 0, or 1 when the endpoint cannot be talked to and 130 when Ctrl-C stopped the only answer."""
    parser = argparse.ArgumentParser(
        prog="scripts/chat", description=__doc__, epilog="The key comes from LLM_API_KEY, the stack or a prompt."
    )
    add_arguments(parser)
    parser.add_argument("--once", metavar="QUESTION", help="ask this, print the answer and leave")
    arguments, key = parser.parse_args(), ""
    try:
        target = find(arguments, os.environ)
        key = target.key
        with target.client() as client:
            conversation = Conversation(target, client)
            if arguments.once is not None:
                return 0 if conversation.ask(arguments.once) else 130
            return _talk(conversation)
    except ClientError as error:
        _complain(error, key)
        return 1


def _talk(conversation: Conversation) -> int:
    print(f"{conversation.target.endpoint}  Ctrl-C stops an answer, Ctrl-D leaves.")
    while True:
        try:
            question = input("> ")
        except EOFError:
            print()
            return 0
        except KeyboardInterrupt:
            print()
            continue
        try:
            if question.strip() and not conversation.ask(question):
                print("(stopped)")
        except ClientError as error:
            _complain(error, conversation.target.key)


def _complain(error: ClientError, key: str) -> None:
    text = str(error)
    print(f"error: {text.replace(key, '***') if key else text}", file=sys.stderr)


def _refuse_errors(response: httpx.Response) -> None:
    if response.is_success:
        return
    response.read()
    raise ClientError(f"{response.status_code}: {message_of(parsed(response))}")


if __name__ == "__main__":
    sys.exit(main())
