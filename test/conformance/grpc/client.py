"""Calls every kind of method through the address given, and prints what came of each as one line."""
import queue
import sys

import grpc

channel = grpc.insecure_channel(sys.argv[1])
PATH = "/test.Echo/"


def say(name, what):
    print(f"{name}: {what}", flush=True)


def outcome(name, call):
    try:
        say(name, call())
    except grpc.RpcError as error:
        say(name, f"{error.code().name} {error.details()}")


def unary():
    reply, call = channel.unary_unary(PATH + "Unary").with_call(b"hello", timeout=10)
    return f"{reply.decode()} {dict(call.trailing_metadata()).get('x-cost')} {call.code().name}"


def large():
    return len(channel.unary_unary(PATH + "Unary")(b"x" * 3_000_000, timeout=20))


def sleeps(seconds):
    return channel.unary_unary(PATH + "Sleeps")(b"", timeout=seconds)


def counts():
    return sum(1 for _ in channel.unary_stream(PATH + "Counts")(b"2000", timeout=20))


def sums():
    return channel.stream_unary(PATH + "Sums")((b"x" * 1000 for _ in range(2000)), timeout=20).decode()


def echoes():
    # One message at a time, each after the answer to the last.
    messages = queue.Queue()
    replies = channel.stream_stream(PATH + "Echoes")(iter(messages.get, None), timeout=20)
    for at in range(50):
        messages.put(b"%d" % at)
        assert next(replies) == b"%d" % at
    messages.put(None)
    return sum(1 for _ in replies)


def cancels():
    call = channel.unary_unary(PATH + "Sleeps").future(b"", timeout=20)
    call.add_done_callback(lambda _: None)
    import time

    time.sleep(0.3)
    call.cancel()
    return call.code().name


CALLS = {
    "unary": unary,
    "large": large,
    "fails": lambda: channel.unary_unary(PATH + "Fails")(b"", timeout=10),
    "unknown": lambda: channel.unary_unary(PATH + "Unknown")(b"", timeout=10),
    "deadline": lambda: sleeps(0.5),
    "counts": counts,
    "sums": sums,
    "echoes": echoes,
    "cancels": cancels,
    "plain": lambda: channel.unary_unary(PATH + "Unary")(b"", timeout=10),
}
for name in sys.argv[2:] or CALLS:
    outcome(name, CALLS[name])
