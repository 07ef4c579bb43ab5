package webhook

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// forbidden returns why a webhook must not be sent to an address, nil if it may: only addresses of the public internet
// are for webhooks. Whoever configures one could otherwise have a worker call the inside of its own network.
func forbidden(addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	switch {
	case !addr.IsValid(), addr.IsUnspecified():
		return fmt.Errorf("%s is no address of a host", addr)
	case addr.IsLoopback(), addr.IsPrivate(), addr.IsLinkLocalUnicast(), addr.IsMulticast():
		return fmt.Errorf("%s is not public; allow_private permits it", addr)
	}
	for _, p := range reserved() {
		if p.Contains(addr) {
			return fmt.Errorf("%s is not public; allow_private permits it", addr)
		}
	}
	return nil
}

// reserved are the blocks that net/netip has no name for (IANA's special-purpose registries). Those of IPv6 embed
// addresses of IPv4, so a translator could lead from them to anywhere.
func reserved() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),       // this network
		netip.MustParsePrefix("100.64.0.0/10"),   // carrier-grade NAT
		netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments
		netip.MustParsePrefix("192.0.2.0/24"),    // documentation
		netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
		netip.MustParsePrefix("198.51.100.0/24"), // documentation
		netip.MustParsePrefix("203.0.113.0/24"),  // documentation
		netip.MustParsePrefix("240.0.0.0/4"),     // reserved, broadcast
		netip.MustParsePrefix("::/96"),           // IPv4-compatible
		netip.MustParsePrefix("64:ff9b::/96"),    // NAT64
		netip.MustParsePrefix("64:ff9b:1::/48"),  // NAT64, local
		netip.MustParsePrefix("100::/64"),        // discard
		netip.MustParsePrefix("2001::/23"),       // protocol assignments, Teredo
		netip.MustParsePrefix("2001:db8::/32"),   // documentation
		netip.MustParsePrefix("2002::/16"),       // 6to4
		netip.MustParsePrefix("fec0::/10"),       // site-local
	}
}

// control checks the address that a connection is made to, after names were resolved: a name that resolves to another
// address the second time changes nothing.
func control(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return err
	}
	if why := forbidden(addr); why != nil {
		return fmt.Errorf("%w: %w", errForbidden, why)
	}
	return nil
}
