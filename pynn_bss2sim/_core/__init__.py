"""The chip: its numbers, its configuration, its circuits and the emulator that integrates them.

This package knows no PyNN and no network. Everything in it is in hardware units, a coherent system:

====================  ====  ===========================================================
time                  µs    1 µs on the chip is 1 ms of a biological model at speed-up 1000
voltage               mV
capacitance           pF
conductance           µS    µS · mV = nA
current               nA    pF · mV / µs = nA
====================  ====  ===========================================================
"""
