¦
"serve*2.15.0

aPlaceholder*
serving_defaultl
/
x*
serving_default_x:0ÿÿÿÿÿÿÿÿÿ
y
out:0ÿÿÿÿÿÿÿÿÿtensorflow/serving/predict