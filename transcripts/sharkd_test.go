package transcripts

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// sharkd is Wireshark's dissectors in a process that reads one capture after the other: tshark takes longer to start than to
// read any of ours. It comes with tshark.
type sharkd struct {
	mu   sync.Mutex
	in   *json.Encoder
	out  *json.Decoder
	file string // where the capture stands that it has read last
	read int    // how many it has read
}

// startSharkd starts it for the length of a test, or skips the test where it is not installed.
func startSharkd(t *testing.T) *sharkd {
	t.Helper()
	program, err := exec.LookPath("sharkd")
	if err != nil {
		t.Skip("sharkd, a part of tshark, is not installed")
	}
	dir := t.TempDir()
	// Its SSH dissector takes an ML-KEM key exchange for a short Diffie-Hellman one.
	if err := os.WriteFile(filepath.Join(dir, "disabled_protos"), []byte("ssh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-")
	cmd.Env = append(os.Environ(), "WIRESHARK_CONFIG_DIR="+dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close() // it ends with its input
		io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Errorf("sharkd: %v", err)
		}
	})
	s := &sharkd{in: json.NewEncoder(in), out: json.NewDecoder(out), file: filepath.Join(dir, "capture.pcapng")}
	for _, sums := range []string{"ip", "tcp", "udp"} {
		if err := s.call("setconf", map[string]any{"name": sums + ".check_checksum", "value": "TRUE"}, nil); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// frames reads a capture, and lists the frames of it that each filter lets through, one a line.
func (s *sharkd) frames(capture []byte, filters ...string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.WriteFile(s.file, capture, 0o644); err != nil {
		return nil, err
	}
	if err := s.call("load", map[string]any{"file": s.file}, nil); err != nil {
		return nil, err
	}
	s.read++
	lists := make([]string, len(filters))
	for i, filter := range filters {
		var frames []struct {
			Columns []string `json:"c"`
		}
		// sharkd takes a filter that it knows from an earlier capture for answered, so this one is new in each.
		filter = fmt.Sprintf("(%s) && frame.len < %d", strings.Join(strings.Fields(filter), " "), 1<<20+s.read)
		if err := s.call("frames", map[string]any{"filter": filter}, &frames); err != nil {
			return nil, err
		}
		for _, f := range frames {
			lists[i] += strings.Join(f.Columns, " ") + "\n"
		}
	}
	return lists, nil
}

// call asks for one thing, and waits for the answer.
func (s *sharkd) call(method string, params map[string]any, result any) error {
	if err := s.in.Encode(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params}); err != nil {
		return fmt.Errorf("sharkd: %s: %w", method, err)
	}
	answer := struct {
		Result any
		Error  *struct{ Message string }
	}{Result: result}
	if err := s.out.Decode(&answer); err != nil {
		return fmt.Errorf("sharkd: %s %v: %w", method, params, err)
	}
	if answer.Error != nil {
		return fmt.Errorf("sharkd: %s %v: %s", method, params, answer.Error.Message)
	}
	return nil
}
