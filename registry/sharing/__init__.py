"""The sharing catalogue (共享目录): what a merchant may look at before asking for data (SEP-04)."""
