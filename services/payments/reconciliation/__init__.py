"""What a rail says it took, held against what our books say."""
