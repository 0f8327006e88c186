package forward

// The ECN codepoints, in the low two bits of TOS (RFC 3168 section 5).
const (
	ecnNotECT = 0
	ecnECT1   = 1
	ecnECT0   = 2
	ecnCE     = 3
	ecnMask   = 3
)

// joinECN returns the ECN bits of a packet that leaves its tunnel, out of those that it brought in its own header and in
// the outer one; false means that it must be dropped. It is figure 4 of RFC 6040:
//
//	                  outer  Not-ECT   ECT(0)    ECT(1)    CE
//	inner  Not-ECT           Not-ECT   Not-ECT   Not-ECT   drop
//	       ECT(0)            ECT(0)    ECT(0)    ECT(1)    CE
//	       ECT(1)            ECT(1)    ECT(1)    ECT(1)    CE
//	       CE                CE        CE        CE        CE
func joinECN(innerTOS, outerTOS uint8) (ecn uint8, ok bool) {
	inner, outer := innerTOS&ecnMask, outerTOS&ecnMask
	switch {
	case inner == ecnNotECT:
		return ecnNotECT, outer != ecnCE
	case outer == ecnCE, inner == ecnECT0 && outer == ecnECT1:
		return outer, true
	}
	return inner, true
}
