"""What users ask for, named by the verb: one options model and one function each."""
