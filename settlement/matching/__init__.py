"""核对规则: matching items of four sides by reference, and naming what does not agree."""
