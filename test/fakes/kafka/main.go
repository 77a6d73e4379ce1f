// A Kafka broker for tests: that of the franz-go project, in one process. What it stores lives as long as the process.
//
//	kfake-broker -port 9092 [-user NAME -password WORD] [-max-batch BYTES] [-topics a,b] [-partitions 3]
//
// It prints "ready". A line "away" on standard input breaks its connections and frees its port, "back" takes it
// again; each is answered by a line with the same word.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/kfake"
)

func main() {
	port := flag.Int("port", 0, "port of 127.0.0.1")
	user := flag.String("user", "", "user name for SASL, with every mechanism")
	password := flag.String("password", "", "its password")
	maxBatch := flag.Int("max-batch", 1048588, "message.max.bytes")
	topics := flag.String("topics", "logs", "topics that are there")
	partitions := flag.Int("partitions", 3, "of each topic")
	flag.Parse()

	gate := &gate{address: fmt.Sprintf("127.0.0.1:%d", *port), accepted: make(chan net.Conn), open: map[net.Conn]bool{}}
	options := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.Ports(*port),
		kfake.ListenFn(func(string, string) (net.Listener, error) { return gate, gate.back() }),
		kfake.SeedTopics(int32(*partitions), strings.Split(*topics, ",")...),
		kfake.BrokerConfigs(map[string]string{"message.max.bytes": strconv.Itoa(*maxBatch)}),
	}
	if *user != "" {
		options = append(options, kfake.EnableSASL())
		for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
			options = append(options, kfake.Superuser(mechanism, *user, *password))
		}
	}
	if _, err := kfake.NewCluster(options...); err != nil {
		fail(err)
	}
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); fmt.Println(lines.Text()) {
		switch lines.Text() {
		case "away":
			gate.away()
		case "back":
			if err := gate.back(); err != nil {
				fail(err)
			}
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// gate is a listener whose port can be given back and taken again.
type gate struct {
	address  string
	accepted chan net.Conn

	mu       sync.Mutex
	listener net.Listener
	open     map[net.Conn]bool
}

func (g *gate) back() error {
	listener, err := net.Listen("tcp", g.address)
	if err != nil {
		return err
	}
	g.mu.Lock()
	g.listener = listener
	g.mu.Unlock()
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			g.mu.Lock()
			g.open[connection] = true
			g.mu.Unlock()
			g.accepted <- connection
		}
	}()
	return nil
}

func (g *gate) away() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.listener.Close()
	for connection := range g.open {
		connection.Close()
	}
	g.open = map[net.Conn]bool{}
}

func (g *gate) Accept() (net.Conn, error) { return <-g.accepted, nil }

func (g *gate) Close() error { return nil }

func (g *gate) Addr() net.Addr {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.listener.Addr()
}
