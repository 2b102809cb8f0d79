"""The parts of Synapse that media modules import, written for mxcd from their documented behaviour."""
