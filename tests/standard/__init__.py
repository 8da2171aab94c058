"""Does minigrad conform to the array API standard 2024.12? Names, dtypes, values, special cases.

array-api-strict is the reference for what the standard says, NumPy for the values.
"""
