"""A server of gRPC's own C core, without generated code: messages are bytes. Prints its port."""
import sys
import time
from concurrent import futures

import grpc


def unary(request, context):
    context.set_trailing_metadata((("x-cost", str(len(request))),))
    return request


def fails(request, context):
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not so: caf\u00e9 100%")


def sleeps(request, context):
    # Until the caller has gone: the deadline or a cancel reached us.
    ended = []
    context.add_callback(lambda: ended.append(True))
    until = time.monotonic() + 20
    while not ended and time.monotonic() < until:
        time.sleep(0.01)
    print("ended" if ended else "never ended", flush=True)
    return b""


def counts(request, context):
    for at in range(int(request)):
        yield b"%d" % at


def sums(requests, context):
    return b"%d" % sum(len(each) for each in requests)


def echoes(requests, context):
    for each in requests:
        yield each


METHODS = {
    "Unary": grpc.unary_unary_rpc_method_handler(unary),
    "Fails": grpc.unary_unary_rpc_method_handler(fails),
    "Sleeps": grpc.unary_unary_rpc_method_handler(sleeps),
    "Counts": grpc.unary_stream_rpc_method_handler(counts),
    "Sums": grpc.stream_unary_rpc_method_handler(sums),
    "Echoes": grpc.stream_stream_rpc_method_handler(echoes),
}

server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", METHODS),))
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
sys.stdin.read()
server.stop(None)
