// Package foreign plays LISP routers that nobody here has written: what goes out are the messages that another stack sent
// once, out of its captures, with fresh nonces and fresh authentication. It is for tests: whether our engines get on with a
// stranger can't be asked of a stranger that shares their code, so no package of lispcore is behind it.
//
//	capture file --> Recording --> ETR         registers, answers Map-Requests
//	                          +--> MapServer   answers Map-Registers, sends Map-Requests on
//	                          +--> Rubbish     what no router should have to read
//
// The messages go out as they were captured, RLOCs and EIDs included; only nonces, authentication data and, in a Map-Notify,
// the xTR-ID that the register bore are written anew. Neither peer listens on TCP 4342. Sockets are opened by the New
// functions and by them alone, so a test that wants a peer in a network namespace calls them there.
package foreign
