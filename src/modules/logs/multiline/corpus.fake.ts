/** Traces as the runtimes write them, each with what comes before and behind: `records` are the records that come of it. */
export const CORPUS: Readonly<
  Record<string, readonly { readonly name: string; readonly records: readonly string[] }[]>
> = {
  java: [
    {
      name: 'with causes, what was left out, and suppressed ones',
      records: [
        '2026-03-01 10:00:00 INFO  [main] shop.Start - ready in 812 ms',
        [
          'Exception in thread "pool-1-thread-3" shop.PaymentException: card refused',
          '\tat shop.pay.Gateway.charge(Gateway.java:91)',
          '\tat shop.pay.Checkout.lambda$run$2(Checkout.java:44)',
          '\tat java.base/java.lang.Thread.run(Thread.java:1583)',
          '\tSuppressed: java.io.IOException: stream closed',
          '\t\tat shop.io.Pipe.close(Pipe.java:12)',
          '\t\t... 3 more',
          'Caused by: java.net.SocketTimeoutException: Read timed out',
          '\tat java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:278)',
          '\t... 21 common frames omitted',
          'Caused by: shop.Unlucky',
          '\tat shop.Luck.draw(Luck.java)',
        ].join('\n'),
        '2026-03-01 10:00:02 INFO  [main] shop.Start - going on',
      ],
    },
    {
      name: 'one right behind another',
      records: [
        'java.lang.IllegalStateException: first\n\tat a.B.c(B.java:1)',
        'java.lang.OutOfMemoryError: Java heap space\n\tat a.B.d(B.java:2)',
      ],
    },
    {
      name: 'a line of the log that only tells an error',
      records: ['10:00 ERROR shop - java.lang.RuntimeException: retried', '10:01 INFO shop - fine'],
    },
  ],
  python: [
    {
      name: 'a traceback with its error',
      records: [
        'INFO:shop:charging',
        [
          'Traceback (most recent call last):',
          '  File "/app/shop/pay.py", line 88, in charge',
          '    response = gateway.send(order)',
          '               ^^^^^^^^^^^^^^^^^^^',
          '  File "/app/shop/gateway.py", line 17, in send',
          '    raise Refused("card")',
          'shop.gateway.Refused: card',
        ].join('\n'),
        'INFO:shop:next',
      ],
    },
    {
      name: 'an error while handling another',
      records: [
        [
          'Traceback (most recent call last):',
          '  File "/app/a.py", line 1, in <module>',
          "    int('x')",
          "ValueError: invalid literal for int() with base 10: 'x'",
          '',
          'During handling of the above exception, another exception occurred:',
          '',
          'Traceback (most recent call last):',
          '  File "/app/a.py", line 3, in <module>',
          '    raise KeyError(1)',
          'KeyError: 1',
        ].join('\n'),
        'WARNING:root:after',
      ],
    },
    {
      name: 'a group of errors',
      records: [
        [
          '  + Exception Group Traceback (most recent call last):',
          '  |   File "/app/g.py", line 5, in main',
          '  |     raise ExceptionGroup("two", [ValueError(1), TypeError(2)])',
          '  | ExceptionGroup: two (2 sub-exceptions)',
          '  +-+---------------- 1 ----------------',
          '    | ValueError: 1',
          '    +---------------- 2 ----------------',
          '    | TypeError: 2',
          '    +------------------------------------',
        ].join('\n'),
        'done',
      ],
    },
  ],
  go: [
    {
      name: 'a panic',
      records: [
        '2026/03/01 10:00:00 listening on :8080',
        [
          'panic: runtime error: invalid memory address or nil pointer dereference',
          '[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x47a1f6]',
          '',
          'goroutine 1 [running]:',
          'main.(*Shop).charge(0x0, {0xc000012345, 0x4})',
          '\t/src/shop/main.go:27 +0x16',
          'main.main()',
          '\t/src/shop/main.go:12 +0x1d',
          '',
          'goroutine 18 [chan receive, 2 minutes]:',
          'main.worker(...)',
          '\t/src/shop/worker.go:9',
          'created by main.start in goroutine 1',
          '\t/src/shop/main.go:10 +0x50',
          'exit status 2',
        ].join('\n'),
        '2026/03/01 10:00:05 listening on :8080',
      ],
    },
    {
      name: 'a panic that the HTTP server caught',
      records: [
        [
          '2026/03/01 10:00:00 http: panic serving 127.0.0.1:41000: boom',
          'goroutine 34 [running]:',
          'net/http.(*conn).serve.func1()',
          '\t/usr/local/go/src/net/http/server.go:1947 +0xb0',
          'panic({0x6a1d60?, 0x7a2f30?})',
          '\t/usr/local/go/src/runtime/panic.go:785 +0x124',
        ].join('\n'),
        '2026/03/01 10:00:01 next',
      ],
    },
    {
      name: 'a fatal error of the runtime',
      records: [
        [
          'fatal error: all goroutines are asleep - deadlock!',
          '',
          'goroutine 1 [chan receive]:',
          'main.main()',
          '\t/src/d.go:5 +0x2c',
          'exit status 2',
        ].join('\n'),
        'restarted',
      ],
    },
  ],
  ruby: [
    {
      name: 'an error with its frames',
      records: [
        'I, [2026-03-01T10:00:00] INFO -- : started',
        [
          "/app/shop/pay.rb:10:in 'Shop::Pay#charge': card refused (Shop::Refused)",
          "\tfrom /app/shop/checkout.rb:31:in 'block in run'",
          "\tfrom /app/shop/checkout.rb:30:in 'Array#each'",
          "\tfrom /app/main.rb:4:in '<main>'",
        ].join('\n'),
        'I, [2026-03-01T10:00:01] INFO -- : next',
      ],
    },
    {
      name: 'frames alone, with the older quotes',
      records: [
        [
          "app/models/order.rb:88:in `total'",
          "app/models/order.rb:41:in `block in pay'",
          "bin/rails:9:in `<main>'",
        ].join('\n'),
        'Completed 500 in 12ms',
      ],
    },
  ],
  dotnet: [
    {
      name: 'with an inner exception and an asynchronous frame',
      records: [
        'info: Shop.Program[0] started',
        [
          'Unhandled exception. System.InvalidOperationException: no payment ---> System.TimeoutException: The operation has timed out.',
          '   at Shop.Gateway.SendAsync(Order order) in /src/Gateway.cs:line 40',
          '   --- End of inner exception stack trace ---',
          '   at Shop.Checkout.RunAsync() in /src/Checkout.cs:line 18',
          '--- End of stack trace from previous location ---',
          '   at Shop.Program.Main(String[] args)',
        ].join('\n'),
        'info: Shop.Program[0] stopped',
      ],
    },
    {
      name: 'one of the console logger: the exception on lines of its own',
      records: [
        'fail: Shop.Api[1]',
        [
          '      System.AggregateException: One or more errors occurred. (boom)',
          '       ---> System.Exception: boom',
          '         at Shop.Api.Get() in /src/Api.cs:line 7',
          '         --- End of inner exception stack trace ---',
          '         at Shop.Api.All()',
        ].join('\n'),
        'info: Shop.Api[2] next',
      ],
    },
  ],
  node: [
    {
      name: 'a logged error with its cause',
      records: [
        'listening on 8080',
        [
          'Error: card refused',
          '    at Gateway.charge (file:///app/gateway.js:31:11)',
          '    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)',
          '    at async Checkout.run (/app/checkout.ts:9:3) {',
          "  code: 'ERR_REFUSED',",
          '  [cause]: TypeError: fetch failed',
          '      at node:internal/deps/undici/undici:13510:13',
          '}',
        ].join('\n'),
        'next request',
      ],
    },
    {
      name: 'what ends the process',
      records: [
        [
          '/app/main.js:3',
          "    throw new TypeError('nothing to sell')",
          '    ^',
          '',
          'TypeError: nothing to sell',
          '    at Object.<anonymous> (/app/main.js:3:11)',
          '    at Module._compile (node:internal/modules/cjs/loader:1730:14)',
          '',
          'Node.js v26.1.0',
        ].join('\n'),
        'restarted',
      ],
    },
    {
      name: 'what ends a process without a file',
      records: [
        [
          '[eval]:1',
          "throw new TypeError('boom')",
          '^',
          '',
          'TypeError: boom',
          '    at [eval]:1:7',
          '',
          'Node.js v26.1.0',
        ].join('\n'),
        'restarted',
      ],
    },
  ],
}
