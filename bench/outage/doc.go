// Command outage shows how well health finds outages: a month of every UPI bank at the decline rates that NPCI
// publishes, with outages at random times, through the processors' own decisions (domain/health/backtest). It prints
// the tables of docs/health.md:
//
//	go -C bench run ./outage            # print
//	go -C bench run ./outage -rewrite   # write them into docs/health.md
//
// Window counts are drawn, not single payments: a month of 200 payments a second would be half a billion. Everything
// follows from the seed.
package main
