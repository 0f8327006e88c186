// Package netns puts a lab on the kernel's own wires: a network namespace for each router and host, veth links between them,
// literal addresses, and the routes that the configurations mean.
//
// The story: Open takes the name of a run, under which no other can be up, and builds the namespaces and what connects them,
// all without addresses. From then on underlay.Kernel tells it, node by node, what the kernel's network is to be (Apply), and
// opens its sockets inside (Enter). Close, or Clean after a crash, takes everything away.
//
//	namespace lisplab.RUN.xTR1          lisplab.RUN.Core1          lisplab.RUN (where nothing else is plugged in,
//	+---------------------------+       +---------------+          and the bridges of LANs with several machines)
//	| lisp0 (TUN)   lo          |       |               |          +------------------+
//	|      Gi0-0 ---------------+--veth-+-- Gi0-1       |          |                  |
//	|      Gi0-1 ---------------+-------+---------------+---veth---+-- xTR1.Gi0-1     |
//	+---------------------------+       +---------------+          +------------------+
//
// What LISP is asked about is the rule of package devices, in the kernel's words: for each EID prefix P of an ITR
//
//	ip rule  from P lookup main suppress_prefixlength 0     a route that is better than a default one
//	ip rule  from P lookup 100                              else into lisp0
//
// A veth pair is made in the namespaces that it connects, and a TUN interface lasts as long as its process, so the named
// namespaces are all that a crash leaves behind. They bear the run's name, and a file in /run/lisplab, locked by the
// process that is up, tells those of a living run from those that may be taken away.
package netns
