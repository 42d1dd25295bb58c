"""Chapter 7: one program that pretrains."""
