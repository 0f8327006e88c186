// Package netns puts a lab on the kernel's own wires: a network namespace for each router and host, veth links between them,
// literal addresses, and the routes that the configurations mean.
//
// The story: Open takes the name of a run, under which no other can be up, and builds the namespaces and what connects them,
// all without addresses. From then on underlay.Kernel tells it, node by node, what the kernel's network is to be (Apply), and
// opens its sockets inside (Enter). Close, or Clean after a crash, takes everything away.
//
//	namespace lisplab.RUN.xTR1        namespace lisplab.RUN, the floor               namespace lisplab.RUN.Core1
//	+-----------------+               +-----------------------------------+               +-----------------+
//	| lisp0 (TUN)  lo |               |                                   |               |                 |
//	|           Gi0-0 ------- veth ------ xTR1.Gi0-0 -- br1 -- Core1.Gi0-1 ----- veth ------- Gi0-1         |
//	|           Gi0-1 ------- veth ------ xTR1.Gi0-1, plugged in nowhere  |               |                 |
//	+-----------------+               +-----------------------------------+               +-----------------+
//
// The far ends of all interfaces stand on the floor, each segment's at a bridge (floor.go), and with them the interfaces of the
// machine that the lab is plugged into, which go back home before the floor does (external.go). A segment that is to do more to
// frames than to pass them is taken off its bridge: then Kernel carries its frames by packet sockets at the far ends.
//
// What LISP is asked about is the rule of package devices, in the kernel's words: for each EID prefix P of an ITR
//
//	ip rule  from P lookup main suppress_prefixlength 0     a route that is better than a default one
//	ip rule  from P lookup 100                              else into lisp0
//
// A veth pair is made in the namespaces that it connects, a bridge on the floor, and a TUN interface lasts as long as its process, so the named
// namespaces are all that a crash leaves behind. They bear the run's name, and a file in /run/lisplab, locked by the
// process that is up, tells those of a living run from those that may be taken away.
//
// Own is the ground of a single router that leads the packets of its own machine into LISP: the same tunnels, rules and tables,
// in the namespace that the process is in. A crash leaves rules there, and routes of VRFs; they bear a protocol number of ours.
package netns
