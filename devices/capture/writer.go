package capture

import (
	"fmt"
	"io"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"lisplab/devices/underlay"
)

// Writer writes the events of one lab, in order, as a pcapng file with the link type Ethernet: every packet once, whatever it
// crosses.
type Writer struct {
	out    *pcapgo.NgWriter
	source packetSource
	build  builder
	err    error
}

// section is what the head of every file says of who wrote it.
var section = pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Application: "lisplab"}}

// NewWriter starts a file on w. The caller closes w, after Flush.
func NewWriter(w io.Writer) (*Writer, error) {
	out, err := pcapgo.NewNgWriterInterface(w, pcapgo.NgInterface{Name: "lab", LinkType: layers.LinkTypeEthernet}, section)
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	return &Writer{out: out, source: newPacketSource(), build: newBuilder()}, nil
}

// Observe writes the packets of one event. It has the shape of the lab's Observe option; the first error stays, ends the
// writing, and comes out of Flush.
func (w *Writer) Observe(e underlay.Event) {
	if w.err != nil {
		return
	}
	for _, s := range w.source.packets(e) {
		err := w.build.packets(s, func(packet []byte) error {
			data, err := w.build.ethernet(s.src, s.dst, packet)
			if err != nil {
				return err
			}
			return writeFrame(w.out, 0, e.At, data, s.comment, pcapgo.NgEpbFlagDirectionUnknown)
		})
		if err != nil {
			w.err = eventError(e, err)
			return
		}
	}
}

// Flush hands what is buffered to the underlying writer and returns the first error of all that was observed.
func (w *Writer) Flush() error {
	if err := w.out.Flush(); err != nil && w.err == nil {
		w.err = fmt.Errorf("capture: %w", err)
	}
	return w.err
}

// writeFrame writes one frame that was seen at an interface of the file.
func writeFrame(out *pcapgo.NgWriter, iface int, at time.Time, data []byte, comment string, direction pcapgo.NgEpbFlag) error {
	info := gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(data), Length: len(data), InterfaceIndex: iface}
	var options pcapgo.NgPacketOptions
	if comment != "" {
		options.Comments = []string{comment}
	}
	if direction != pcapgo.NgEpbFlagDirectionUnknown {
		options.Flags = &pcapgo.NgEpbFlags{Direction: direction}
	}
	return out.WritePacketWithOptions(info, data, options)
}
