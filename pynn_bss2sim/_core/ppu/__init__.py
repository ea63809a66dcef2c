"""What a plasticity processor computes with: its number formats and its random numbers.

Two of these processors (PPUs) sit on a chip, one for each synapse array. Their vector unit works on
rows of synapses in 8- or 16-bit lanes.
"""
