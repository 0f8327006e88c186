package bench

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"lisplab/devices/underlay"
)

const (
	// outstanding is how many requests are under way at a time.
	outstanding = 64
	// patience is how long the sender waits for an answer. Nothing gets lost on loopback, so it only ends a broken run.
	patience = 2 * time.Second
)

// exchange sends every message of the stock and waits until each has been answered by a datagram with its number, with at
// most 64 under way. It returns how long that took.
func exchange(sock *underlay.BatchSocket, to netip.AddrPort, s stock) (span, error) {
	answered := make([]bool, s.len())
	sent, done, stray := 0, 0, 0
	watch := stopwatch()
	for done < len(answered) {
		for sent < len(answered) && sent-done < outstanding {
			if err := sock.Queue(to, s.message(sent)); err != nil {
				return span{}, err
			}
			sent++
		}
		if err := errors.Join(sock.Flush(), sock.SetReadDeadline(time.Now().Add(patience))); err != nil {
			return span{}, err
		}
		err := sock.Read(func(_ netip.AddrPort, payload []byte) {
			if i := s.answered(payload); i < 0 || i >= sent || answered[i] {
				stray++
			} else {
				answered[i] = true
				done++
			}
		})
		if stray > 0 {
			err = errors.New("an answer that nobody asked for")
		}
		if err != nil {
			return span{}, fmt.Errorf("%d of %d requests answered: %w", done, sent, err)
		}
	}
	return watch(), nil
}

// respond answers every datagram with what `answer` makes of it, until the socket is closed. nil is no answer.
func respond(sock *underlay.BatchSocket, answer func(payload []byte) []byte) error {
	for {
		var failed error
		err := sock.Read(func(from netip.AddrPort, payload []byte) {
			if payload = answer(payload); payload != nil {
				failed = errors.Join(failed, sock.Queue(from, payload))
			}
		})
		err = errors.Join(err, failed, sock.Flush())
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// plainExchange measures the machine's limit: n Map-Registers, sent back as they are.
func plainExchange(n int) (span, error) {
	s, err := newStock(n, etrAddr, false)
	if err != nil {
		return span{}, err
	}
	return exchangeWith(s, func(payload []byte) []byte { return payload })
}

// exchangeWith measures how long it takes to send the whole stock to somebody who answers each message with what `answer`
// makes of it.
func exchangeWith(s stock, answer func(payload []byte) []byte) (span, error) {
	at, release, err := underlay.TakeLoopback(2)
	if err != nil {
		return span{}, err
	}
	defer release()
	server, err := underlay.ListenBatch(at[0])
	if err != nil {
		return span{}, err
	}
	client, err := underlay.ListenBatch(at[1])
	if err != nil {
		return span{}, errors.Join(err, server.Close())
	}
	defer client.Close()
	responded := make(chan error, 1)
	go func() { responded <- respond(server, answer) }()
	took, err := exchange(client, at[0], s)
	return took, errors.Join(err, server.Close(), <-responded)
}
