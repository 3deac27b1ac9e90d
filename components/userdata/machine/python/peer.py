# The lifeline between the nodes of a pair: each tells how it stands, and both serve together or not at all.
#
# /run/llm/run is this node's start of llm.service that is ready; /run/llm/pair joins it with one of the other
# node's until either ends or the line breaks. Then llm.service begins again, on both.

import contextlib
import json
import os
import socket
import subprocess
import threading
import time

from node import Node

# Seconds between two words, and of silence until the line counts as lost.
PORT, BEAT, LOST = 6370, 5, 30


# One connection; a message is a line of JSON. Silence ends it.
class Line:
    def __init__(self, connection, beat, lost):
        connection.settimeout(lost)
        self.connection, self.beat, self.lost = connection, beat, lost
        self.address = connection.getpeername()[0]
        self.theirs = self.sent = None
        self.sent_at = 0.0
        self.ended = ""
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        try:
            with self.connection.makefile(encoding="utf-8") as lines:
                for line in lines:
                    message = json.loads(line)
                    if "refused" in message:
                        return self.end(message["refused"])
                    self.theirs = message
            self.end("has closed the line")
        except socket.timeout:
            self.end(f"said nothing for {self.lost:g} seconds")
        except (OSError, ValueError) as error:
            self.end(f"is gone: {error}")

    def tell(self, message):
        if message == self.sent and time.monotonic() - self.sent_at < self.beat:
            return
        try:
            self.connection.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            self.end(f"is gone: {error}")
        self.sent, self.sent_at = message, time.monotonic()

    def end(self, why):
        self.ended = self.ended or why
        # It may not be open any more.
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()


class Peer:
    def __init__(self, node, restart, beat, lost):
        self.node, self.restart, self.times = node, restart, (beat, lost)
        self.line = self.caller = None
        self.why = "is not called yet" if node.rank else "has not called yet"
        self.alone = 0
        # The two runs that are joined. What the lifeline joined in an earlier life counts no more.
        self.own, self.other = node.read("run") if node.read("pair") else "", ""
        # Runs that were joined once: they never are again.
        self.over = set()
        self.unlike = ""

    # About once a second.
    def tick(self):
        mine = self.node.report()
        self.answer()
        line = self.line
        theirs = line.theirs if line and not line.ended else None
        self.alone = 0 if theirs else self.alone + 1
        if line:
            self.why = line.ended or "has called"
        if self.own and (self.own, self.other) != (mine["run"], theirs and theirs["run"]):
            self.part(mine["run"])
        if mine["run"] in self.over:
            mine["run"] = ""
        differs = self.differs(mine, theirs) if theirs and not self.own else ""
        both_ready = theirs and mine["run"] and theirs["run"]
        # A difference that only two ready nodes can see stands until they are ready again.
        if differs or both_ready or not theirs:
            self.unlike = differs
        if theirs and both_ready and not self.own and theirs["run"] not in self.over:
            self.join(mine, theirs, differs)
        name = f"node {1 - self.node.rank}" + (f" ({line.address})" if line and theirs else "")
        self.node.record("head" if self.node.rank else "worker", *self.standing(name, mine, theirs))
        if theirs and self.node.rank:
            self.follow(mine, theirs)
        if line and not line.ended:
            line.tell(mine)

    # Who connects and says nothing changes nothing.
    def answer(self):
        if self.caller and self.caller.theirs:
            if self.line:
                self.line.end("called again")
            self.line, self.caller = self.caller, None

    def differs(self, mine, theirs):
        facts = mine["facts"], theirs["facts"]
        unlike = [name for name in facts[0] if name in facts[1] and facts[0][name] != facts[1][name]]
        return "; ".join(f"{name} {facts[1][name]}, here {facts[0][name]}" for name in unlike)

    def join(self, mine, theirs, differs):
        word = differs or ("measured" if mine["measured"] and theirs["measured"] else "measure")
        if not differs:
            self.own, self.other = mine["run"], theirs["run"]
        self.node.write("pair", f"{mine['run']} {word}")

    def part(self, run):
        own = self.own
        self.over |= {own, self.other}
        self.own = self.other = ""
        self.node.remove("pair")
        # Otherwise it is this node's own end that the other one hears of.
        if run == own:
            self.restart()

    def standing(self, name, mine, theirs):
        if not theirs:
            return self.absent(name)
        if self.unlike:
            return "fatal", 1, f"{name} has {self.unlike}"
        if self.node.rank:
            return "done", 1, f"{name} is there, {theirs['now']}"
        return self.worker(name, mine, theirs)

    def worker(self, name, mine, theirs):
        if theirs["again"] != mine["again"]:
            return "running", 1, f"{name} begins again"
        if theirs["trouble"]:
            state, count, detail = theirs["trouble"]
            return state, count, f"{name}, {detail}"
        if not theirs["run"]:
            return "running", 1, f"{name}, {theirs['now']}"
        return "done", 1, f"{name} is ready"

    def absent(self, name):
        minutes = self.node.settings["LLM_WORKER_MINUTES"]
        if self.node.rank or self.alone <= int(minutes) * 60:
            return "running", 1, f"{name} {self.why}"
        return "fatal", 1, f"{name} {self.why}, for {minutes} minutes: look at that machine's console output"

    # What the worker does because the head has, or asks for it.
    def follow(self, mine, theirs):
        if theirs["again"] != mine["again"]:
            self.node.write("again", theirs["again"])
            if mine["trouble"]:
                self.node.forget()
                self.restart()
        if self.own and theirs["answers"] and self.node.status("engine")[2] == "starting":
            self.node.record("engine", "done", 1, "node 0 answers")

    def accept(self, server):
        while True:
            connection, (address, _) = server.accept()
            line = self.line
            try:
                if line and not line.ended and line.address != address:
                    refusal = {"refused": f"refuses {address}, because {line.address} is node 1"}
                    connection.sendall(json.dumps(refusal).encode() + b"\n")
                    connection.close()
                    continue
                self.caller = Line(connection, *self.times)
            except OSError as error:
                print(f"{address} called and is gone: {error}", flush=True)

    def call(self, port):
        if self.line and not self.line.ended:
            return
        try:
            head = self.node.settings["LLM_HEAD_ADDRESS"], port
            self.line = Line(socket.create_connection(head, 10), *self.times)
        except OSError as error:
            self.line = None
            self.why = f"does not answer on {head[0]}:{port}: {error}"


def listener(port):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("", port))
    server.listen(5)
    return server


def main(node, restart, beat=BEAT, lost=LOST, port=PORT):
    peer = Peer(node, restart, beat, lost)
    if node.rank == 0:
        threading.Thread(target=peer.accept, args=(listener(port),), daemon=True).start()
    while True:
        peer.tick()
        if node.rank:
            peer.call(port)
        time.sleep(1)


if __name__ == "__main__":
    main(
        Node(os.environ, "/run/llm"),
        lambda: subprocess.call(["systemctl", "restart", "--no-block", "llm.service"]),
    )
