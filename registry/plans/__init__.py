"""Implementation plans (授权运营实施方案): twelve items, collective decision, government approval, filing, versions."""
